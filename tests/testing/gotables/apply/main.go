// Applies and updates objects as the API server does: it reads one request a line from stdin and writes one result a line.
//
// The arguments are OpenAPI v3 documents. A line with `kind` begins a history; every other line is an operation on the
// object that the last operation returned. Time is virtual: it begins in 2020 and moves by `advance` seconds.
package main

import (
	"bufio"
	"encoding/json"
	"fmt"
	"os"
	"time"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/api/meta"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/apimachinery/pkg/util/managedfields"
	"k8s.io/client-go/kubernetes/scheme"
	"k8s.io/kube-openapi/pkg/spec3"
	"k8s.io/kube-openapi/pkg/validation/spec"
	"sigs.k8s.io/structured-merge-diff/v6/fieldpath"
)

// The objects of custom resources: nothing is converted or defaulted.
type custom struct{}

func (custom) Default(runtime.Object)                    {}
func (custom) Convert(in, out, context interface{}) error { return fmt.Errorf("not used") }
func (custom) ConvertToVersion(in runtime.Object, gv runtime.GroupVersioner) (runtime.Object, error) {
	return in, nil
}
func (custom) ConvertFieldLabel(gvk schema.GroupVersionKind, label, value string) (string, string, error) {
	return label, value, nil
}
func (custom) New(gvk schema.GroupVersionKind) (runtime.Object, error) {
	made := &unstructured.Unstructured{}
	made.SetGroupVersionKind(gvk)
	return made, nil
}

type request struct {
	Kind        *schema.GroupVersionKind `json:"kind"`
	Typed       bool                     `json:"typed"`
	Deduced     bool                     `json:"deduced"`
	Schemas     map[string]*spec.Schema  `json:"schemas"`
	Op          string                   `json:"op"`
	Manager     string                   `json:"manager"`
	Force       bool                     `json:"force"`
	Subresource string                   `json:"subresource"`
	Reset       [][]string               `json:"reset"`
	Advance     int                      `json:"advance"`
	Object      json.RawMessage          `json:"object"`
}

type result struct {
	Input  json.RawMessage `json:"input,omitempty"`  // The object as its Go type is written.
	Object json.RawMessage `json:"object,omitempty"` // The result.
	Error  string          `json:"error,omitempty"`
	Status *metav1.Status  `json:"status,omitempty"`
	Time   string          `json:"time,omitempty"`
}

type history struct {
	request
	converter managedfields.TypeConverter
	live      runtime.Object
	now       time.Time
}

func check(err error) {
	if err != nil {
		panic(err)
	}
}

func written(object runtime.Object) json.RawMessage {
	content, err := json.Marshal(object)
	check(err)
	return content
}

func (h *history) empty() runtime.Object {
	if h.Typed {
		made, err := scheme.Scheme.New(*h.Kind)
		check(err)
		return made
	}
	made, _ := custom{}.New(*h.Kind)
	return made
}

func (h *history) decoded(content []byte) runtime.Object {
	if h.Typed {
		made := h.empty()
		check(json.Unmarshal(content, made))
		return made
	}
	made := &unstructured.Unstructured{}
	check(json.Unmarshal(content, made))
	return made
}

func (h *history) manager(asked *request) *managedfields.FieldManager {
	resets := map[fieldpath.APIVersion]*fieldpath.Set{}
	if len(asked.Reset) > 0 {
		set := fieldpath.NewSet()
		for _, names := range asked.Reset {
			path := fieldpath.Path{}
			for _, name := range names {
				path = append(path, fieldpath.PathElement{FieldName: &name})
			}
			set.Insert(path)
		}
		resets[fieldpath.APIVersion(h.Kind.GroupVersion().String())] = set
	}
	filters := fieldpath.NewExcludeFilterSetMap(resets)
	var made *managedfields.FieldManager
	var err error
	if h.Typed {
		made, err = managedfields.NewDefaultFieldManager(
			h.converter, scheme.Scheme, scheme.Scheme, scheme.Scheme, *h.Kind, h.Kind.GroupVersion(), asked.Subresource, filters)
	} else {
		made, err = managedfields.NewDefaultCRDFieldManager(
			h.converter, custom{}, custom{}, custom{}, *h.Kind, h.Kind.GroupVersion(), asked.Subresource, filters)
	}
	check(err)
	return made
}

// Move all times of managed fields.
func move(object runtime.Object, by time.Duration) {
	accessor, err := meta.Accessor(object)
	check(err)
	entries := accessor.GetManagedFields()
	for i := range entries {
		if entries[i].Time != nil {
			entries[i].Time = &metav1.Time{Time: entries[i].Time.Add(by)}
		}
	}
	if entries != nil {
		accessor.SetManagedFields(entries)
	}
}

func (h *history) run(asked *request) (done result) {
	h.now = h.now.Add(time.Duration(asked.Advance) * time.Second)
	done.Time = h.now.Format(time.RFC3339)
	fields := h.manager(asked)
	object := &unstructured.Unstructured{}
	if err := json.Unmarshal(asked.Object, object); err != nil {
		return result{Error: "decode: " + err.Error()}
	}
	live := h.empty()
	if h.live != nil {
		live = h.live.DeepCopyObject()
	}
	var sent runtime.Object = object
	if h.Typed && asked.Op == "update" {
		sent = h.empty()
		if err := json.Unmarshal(asked.Object, sent); err != nil {
			return result{Error: "decode: " + err.Error()}
		}
	}
	done.Input = written(sent)
	if h.Typed && asked.Op == "update" {
		// As the server reads what it has stored.
		sent = h.decoded(done.Input)
	}
	for time.Now().Nanosecond() > 900_000_000 {
		time.Sleep(10 * time.Millisecond)
	}
	shift := time.Now().Truncate(time.Second).Sub(h.now)
	move(live, shift)
	if asked.Op == "update" {
		move(sent, shift)
	}
	var made runtime.Object
	var err error
	if asked.Op == "update" {
		made = fields.UpdateNoErrors(live, sent, asked.Manager)
	} else {
		made, err = fields.Apply(live, sent, asked.Manager, asked.Force)
	}
	if err != nil {
		done.Error = err.Error()
		if status, ok := err.(apierrors.APIStatus); ok {
			found := status.Status()
			done.Status = &found
		}
		return done
	}
	if h.Typed {
		made.GetObjectKind().SetGroupVersionKind(*h.Kind)
	}
	move(made, -shift)
	done.Object = written(made)
	h.live = h.decoded(done.Object)
	return done
}

func main() {
	documents := map[string]*spec.Schema{}
	for _, name := range os.Args[1:] {
		content, err := os.ReadFile(name)
		check(err)
		var document spec3.OpenAPI
		check(json.Unmarshal(content, &document))
		for name, found := range document.Components.Schemas {
			documents[name] = found
		}
	}
	builtin, err := managedfields.NewTypeConverter(documents, false)
	check(err)
	lines := bufio.NewScanner(os.Stdin)
	lines.Buffer(make([]byte, 1<<20), 1<<26)
	out := bufio.NewWriter(os.Stdout)
	var current *history
	for lines.Scan() {
		asked := request{}
		check(json.Unmarshal(lines.Bytes(), &asked))
		if asked.Kind != nil {
			current = &history{request: asked, converter: builtin, now: time.Date(2020, 1, 1, 0, 0, 0, 0, time.UTC)}
			if asked.Deduced {
				current.converter = managedfields.NewDeducedTypeConverter()
			} else if asked.Schemas != nil {
				current.converter, err = managedfields.NewTypeConverter(asked.Schemas, false)
				check(err)
			}
			continue
		}
		content, err := json.Marshal(current.run(&asked))
		check(err)
		_, err = out.Write(append(content, '\n'))
		check(err)
		check(out.Flush())
	}
}
