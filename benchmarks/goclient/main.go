// Command goclient measures client-go on the cases of kgen's benchmarks, and writes the protobuf form of recorded bodies.
//
//	goclient encode LIST.json LIST.pb ITEM.json ITEM.pb   write the protobuf forms
//	goclient encode-watch EVENTS.json EVENTS.pb           write the protobuf form of events, one in each line
//	goclient decode FILE CONTENT-TYPE                     decode a list of pods, in memory
//	goclient list|get|watch URL CA CONTENT-TYPE COUNT           call a server
//	goclient real CASE URL FOLDER CONTENT-TYPE            a case of the real server, with FOLDER/plan.json
//	goclient controllers CASE URL FOLDER CONTENT-TYPE     a case of controllers, likewise
//
// It prints one JSON object: seconds of each repetition.
package main

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"maps"
	"os"
	"strconv"
	"strings"
	"time"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/runtime/serializer/streaming"
	"k8s.io/client-go/kubernetes"
	"k8s.io/client-go/kubernetes/scheme"
	"k8s.io/client-go/rest"
)

const protobuf = "application/vnd.kubernetes.protobuf"

func must[T any](value T, err error) T {
	if err != nil {
		fmt.Fprintln(os.Stderr, "goclient:", err)
		os.Exit(1)
	}
	return value
}

func serializer(contentType string) runtime.Serializer {
	info, ok := runtime.SerializerInfoForMediaType(scheme.Codecs.SupportedMediaTypes(), contentType)
	if !ok {
		must(0, fmt.Errorf("no serializer for %s", contentType))
	}
	return info.Serializer
}

func encode(in, out string) {
	raw := must(os.ReadFile(in))
	object, _, err := serializer("application/json").Decode(raw, nil, nil)
	must(0, err)
	file := must(os.Create(out))
	defer file.Close()
	must(0, serializer(protobuf).Encode(object, file))
}

// encodeWatch writes the frames of a watch, as the server sends them.
func encodeWatch(in, out string) {
	info, _ := runtime.SerializerInfoForMediaType(scheme.Codecs.SupportedMediaTypes(), protobuf)
	file := must(os.Create(out))
	defer file.Close()
	frames := streaming.NewEncoder(info.StreamSerializer.Framer.NewFrameWriter(file), info.StreamSerializer.Serializer)
	for _, line := range bytes.Split(bytes.TrimSpace(must(os.ReadFile(in))), []byte("\n")) {
		var event metav1.WatchEvent
		must(0, json.Unmarshal(line, &event))
		object, _, err := serializer("application/json").Decode(event.Object.Raw, nil, nil)
		must(0, err)
		var raw bytes.Buffer
		must(0, info.Serializer.Encode(object, &raw))
		event.Object = runtime.RawExtension{Raw: raw.Bytes()}
		must(0, frames.Encode(&event))
	}
}

func decode(path, contentType string) func() {
	raw := must(os.ReadFile(path))
	codec := scheme.Codecs.UniversalDeserializer()
	_ = contentType
	return func() {
		list := &corev1.PodList{}
		_, _, err := codec.Decode(raw, nil, list)
		must(0, err)
		if len(list.Items) == 0 {
			must(0, fmt.Errorf("no pods"))
		}
	}
}

func clientset(url, ca, contentType string, compressed bool) *kubernetes.Clientset {
	return must(kubernetes.NewForConfig(configuration(url, ca, contentType, compressed)))
}

func configuration(url, ca, contentType string, compressed bool) *rest.Config {
	config := &rest.Config{Host: url, TLSClientConfig: rest.TLSClientConfig{CAFile: ca}, QPS: -1, BearerToken: "bench"}
	config.DisableCompression = !compressed
	if contentType == "application/json" {
		config.ContentType, config.AcceptContentTypes = contentType, contentType
	} else {
		config.ContentType, config.AcceptContentTypes = protobuf, protobuf+",application/json"
	}
	return config
}

func measure(count int, call func()) []float64 {
	var times []float64
	for range count {
		start := time.Now()
		call()
		times = append(times, time.Since(start).Seconds())
	}
	return times
}

func main() {
	args := os.Args[1:]
	if len(args) < 3 {
		fmt.Fprintln(os.Stderr, "usage: see the comment at the top of main.go")
		os.Exit(2)
	}
	var times []float64
	figures := map[string]any{"cpu_seconds": 0.0}
	switch args[0] {
	case "encode", "encode-watch":
		write := encode
		if args[0] == "encode-watch" {
			write = encodeWatch
		}
		for i := 1; i+1 < len(args); i += 2 {
			write(args[i], args[i+1])
		}
		return
	case "decode":
		call := decode(args[1], args[2])
		call()
		times = measure(3, call)
	case "list":
		pods := clientset(args[1], args[2], args[3], false).CoreV1().Pods("")
		call := func() {
			list := must(pods.List(context.Background(), metav1.ListOptions{}))
			if len(list.Items) == 0 {
				must(0, fmt.Errorf("no pods"))
			}
		}
		times = measure(must(strconv.Atoi(args[4])), call)
	case "get":
		pods := clientset(args[1], args[2], args[3], false).CoreV1().Pods("bench")
		call := func() { must(pods.Get(context.Background(), "web-0", metav1.GetOptions{})) }
		for range 200 {
			call()
		}
		times = measure(must(strconv.Atoi(args[4])), call)
	case "watch":
		pods := clientset(args[1], args[2], args[3], false).CoreV1().Pods("")
		call := func() {
			watch := must(pods.Watch(context.Background(), metav1.ListOptions{ResourceVersion: "1"}))
			defer watch.Stop()
			for range 10000 {
				<-watch.ResultChan()
			}
		}
		times = measure(must(strconv.Atoi(args[4])), call)
	case "real", "controllers":
		run := realCase
		if args[0] == "controllers" {
			run = controllerCase
		}
		watch := run(args[1], args[2], args[3], args[4])
		times = watch.seconds
		figures["cpu_seconds"] = watch.cpu / float64(max(1, len(times)))
		maps.Copy(figures, watch.extra)
	case "lead":
		lead(args[1], args[2], args[3], args[4])
		return
	}
	figures["seconds"], figures["peak_kib"] = times, memory("VmHWM:")
	json.NewEncoder(os.Stdout).Encode(figures)
}

// memory returns a figure of this process in KiB. ru_maxrss would count the parent's memory before the exec.
func memory(name string) int {
	status := string(must(os.ReadFile("/proc/self/status")))
	kib := 0
	must(fmt.Sscanf(status[strings.Index(status, name):], name+" %d", &kib))
	return kib
}
