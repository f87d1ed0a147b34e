// Reads patches from standard input, one per line, and writes what Kubernetes' libraries make of them.
//
// JSON patches and merge patches are applied as the API server does it, strategic merge patches by the struct tags of
// the Go types. The input has lines {"kind", "original", "patch"}; kind is "json", "merge" or the name of a Go type.
package main

import (
	"bufio"
	"encoding/json"
	"fmt"
	"os"

	jsonpatch "gopkg.in/evanphx/json-patch.v4"
	appsv1 "k8s.io/api/apps/v1"
	batchv1 "k8s.io/api/batch/v1"
	corev1 "k8s.io/api/core/v1"
	networkingv1 "k8s.io/api/networking/v1"
	policyv1 "k8s.io/api/policy/v1"
	"k8s.io/apimachinery/pkg/util/strategicpatch"
)

type row struct {
	Kind     string          `json:"kind"`
	Original json.RawMessage `json:"original"`
	Patch    json.RawMessage `json:"patch"`
}

var types = map[string]any{
	"v1/ConfigMap":                  corev1.ConfigMap{},
	"v1/Node":                       corev1.Node{},
	"v1/Pod":                        corev1.Pod{},
	"v1/Service":                    corev1.Service{},
	"v1/ServiceAccount":             corev1.ServiceAccount{},
	"apps/v1/Deployment":            appsv1.Deployment{},
	"batch/v1/Job":                  batchv1.Job{},
	"networking.k8s.io/v1/Ingress":  networkingv1.Ingress{},
	"policy/v1/PodDisruptionBudget": policyv1.PodDisruptionBudget{},
}

func apply(r row) ([]byte, error) {
	switch r.Kind {
	case "json":
		patch, err := jsonpatch.DecodePatch(r.Patch)
		if err != nil {
			return nil, err
		}
		return patch.Apply(r.Original)
	case "merge":
		return jsonpatch.MergePatch(r.Original, r.Patch)
	}
	original, patch := map[string]any{}, map[string]any{}
	if err := json.Unmarshal(r.Original, &original); err != nil {
		return nil, err
	}
	if err := json.Unmarshal(r.Patch, &patch); err != nil {
		return nil, err
	}
	meta, err := strategicpatch.NewPatchMetaFromStruct(types[r.Kind])
	if err != nil {
		return nil, err
	}
	merged, err := strategicpatch.StrategicMergeMapPatchUsingLookupPatchMeta(original, patch, meta)
	if err != nil {
		return nil, err
	}
	return json.Marshal(merged)
}

func main() {
	input := bufio.NewScanner(os.Stdin)
	input.Buffer(make([]byte, 1<<20), 1<<26)
	output := bufio.NewWriter(os.Stdout)
	defer output.Flush()
	for input.Scan() {
		var r row
		if err := json.Unmarshal(input.Bytes(), &r); err != nil {
			panic(err)
		}
		result := map[string]any{}
		merged, err := safely(r)
		if err != nil {
			result["error"] = err.Error()
		} else {
			result["result"] = json.RawMessage(merged)
		}
		line, err := json.Marshal(result)
		if err != nil {
			panic(err)
		}
		fmt.Fprintln(output, string(line))
	}
}

func safely(r row) (merged []byte, err error) {
	defer func() {
		if problem := recover(); problem != nil {
			err = fmt.Errorf("panic: %v", problem)
		}
	}()
	return apply(r)
}
