package main

import (
	"context"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"sync"
	"sync/atomic"
	"syscall"
	"time"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/apimachinery/pkg/watch"
	"k8s.io/client-go/informers"
	"k8s.io/client-go/kubernetes"
	typed "k8s.io/client-go/kubernetes/typed/core/v1"
	"k8s.io/client-go/tools/cache"
)

const (
	readPod     = "web-0"
	writtenPod  = "web-1"
	firstWrites = 20
	manager     = "bench"
)

// plan is FOLDER/plan.json.
type plan struct {
	Namespace   string `json:"namespace"`
	Label       string `json:"label"`
	Created     string `json:"created"`
	Compressed  bool   `json:"compressed"`
	Pods        int    `json:"pods"`
	Labelled    int    `json:"labelled"`
	Page        int    `json:"page"`
	Gets        int    `json:"gets"`
	WarmUp      int    `json:"warm_up"`
	FanOut      int    `json:"fan_out"`
	Connections int    `json:"connections"`
	Writes      int    `json:"writes"`
	Creates     int    `json:"creates"`
	Tasks       int    `json:"tasks"`
	Changes     int    `json:"changes"`

	Reads       int     `json:"reads"`
	Items       int     `json:"items"`
	Informers   int     `json:"informers"`
	IdleSeconds float64 `json:"idle_seconds"`
}

func readPlan(folder string) plan {
	var p plan
	must(0, json.Unmarshal(must(os.ReadFile(filepath.Join(folder, "plan.json"))), &p))
	return p
}

// stopwatch holds the seconds of each repetition, the CPU seconds of this process in all of them, and further figures.
type stopwatch struct {
	seconds []float64
	cpu     float64
	extra   map[string]any
	began   time.Time
	used    float64
}

func cpuSeconds() float64 {
	var usage syscall.Rusage
	must(0, syscall.Getrusage(syscall.RUSAGE_SELF, &usage))
	return time.Duration(usage.Utime.Nano() + usage.Stime.Nano()).Seconds()
}

func (s *stopwatch) start() { s.began, s.used = time.Now(), cpuSeconds() }

func (s *stopwatch) stop() {
	s.seconds = append(s.seconds, time.Since(s.began).Seconds())
	s.cpu += cpuSeconds() - s.used
}

func (s *stopwatch) repeat(count, warmUp int, call func()) {
	for turn := -warmUp; turn < count; turn++ {
		s.start()
		call()
		if turn >= 0 {
			s.stop()
		}
	}
}

func count[T any](items []T, expected int) {
	if len(items) != expected {
		must(0, fmt.Errorf("%d objects instead of %d", len(items), expected))
	}
}

// atOnce makes calls with the numbers below total, so many at a time.
func atOnce(total, workers int, call func(int)) {
	var next atomic.Int64
	var group sync.WaitGroup
	for range workers {
		group.Go(func() {
			for number := int(next.Add(1)) - 1; number < total; number = int(next.Add(1)) - 1 {
				call(number)
			}
		})
	}
	group.Wait()
}

func createMaps(client kubernetes.Interface, p plan, s *stopwatch) {
	maps := client.CoreV1().ConfigMaps(p.Created)
	some := func(prefix string, total int) {
		atOnce(total, p.Tasks, func(number int) {
			name := prefix + "-" + strconv.Itoa(number)
			body := &corev1.ConfigMap{Data: map[string]string{"number": name}}
			body.Name, body.Labels = name, map[string]string{"app": "bench"}
			must(maps.Create(context.Background(), body, metav1.CreateOptions{}))
		})
	}
	some("warm", 2*p.Tasks)
	s.repeat(1, 0, func() { some("made", p.Creates) })
}

func updatePod(pods typed.PodInterface, p plan, s *stopwatch) {
	pod := must(pods.Get(context.Background(), writtenPod, metav1.GetOptions{}))
	turn := 0
	s.repeat(p.Writes, firstWrites, func() {
		turn++
		pod.Annotations["bench"] = strconv.Itoa(turn)
		pod = must(pods.Update(context.Background(), pod, metav1.UpdateOptions{FieldManager: manager}))
	})
}

func patchPod(pods typed.PodInterface, p plan, s *stopwatch) {
	turn := 0
	s.repeat(p.Writes, firstWrites, func() {
		turn++
		body := fmt.Appendf(nil, `{"metadata":{"annotations":{"bench":"%d"}}}`, turn)
		options := metav1.PatchOptions{FieldManager: manager}
		must(pods.Patch(context.Background(), writtenPod, types.MergePatchType, body, options))
	})
}

// follow reads changes; like other clients, it continues after the last one if the server ends the watch.
func follow(pods typed.PodInterface, p plan, s *stopwatch) {
	version := must(pods.List(context.Background(), metav1.ListOptions{Limit: 1})).ResourceVersion
	open := func() watch.Interface {
		return must(pods.Watch(context.Background(), metav1.ListOptions{ResourceVersion: version}))
	}
	events := open()
	fmt.Println("ready")
	s.start()
	for seen := 0; seen < p.Changes; {
		event, ok := <-events.ResultChan()
		pod, isPod := event.Object.(*corev1.Pod)
		if !ok || !isPod {
			events.Stop()
			events = open()
			continue
		}
		version = pod.ResourceVersion
		if event.Type != watch.Modified {
			continue
		}
		if seen++; seen == 1 {
			s.began = time.Now()
		}
	}
	s.stop()
	events.Stop()
}

func initialSync(client kubernetes.Interface, p plan, s *stopwatch) {
	s.repeat(1, 0, func() {
		stop := make(chan struct{})
		defer close(stop)
		factory := informers.NewSharedInformerFactory(client, 0)
		informer := factory.Core().V1().Pods().Informer()
		factory.Start(stop)
		cache.WaitForCacheSync(stop, informer.HasSynced)
		count(informer.GetStore().ListKeys(), p.Pods)
	})
}

func realCase(name, url, folder, contentType string) *stopwatch {
	p := readPlan(folder)
	must(0, os.Setenv("KUBE_FEATURE_WatchListClient", strconv.FormatBool(name == "stream")))
	client := clientset(url, filepath.Join(folder, "ca.pem"), contentType, p.Compressed)
	all, own := client.CoreV1().Pods(""), client.CoreV1().Pods(p.Namespace)
	list := func(options metav1.ListOptions, expected int) func() {
		return func() { count(must(all.List(context.Background(), options)).Items, expected) }
	}
	get := func() { must(own.Get(context.Background(), readPod, metav1.GetOptions{})) }
	list(metav1.ListOptions{Limit: 1}, 1)()
	s := &stopwatch{}
	switch name {
	case "list":
		s.repeat(1, 0, list(metav1.ListOptions{}, p.Pods))
	case "label":
		s.repeat(3, 0, list(metav1.ListOptions{LabelSelector: p.Label}, p.Labelled))
	case "page":
		s.repeat(5, 0, list(metav1.ListOptions{Limit: int64(p.Page)}, min(p.Page, p.Pods)))
	case "get":
		s.repeat(p.Gets, p.WarmUp, get)
	case "fan_out":
		s.repeat(3, 1, func() { atOnce(p.FanOut, p.Connections, func(int) { get() }) })
	case "create":
		createMaps(client, p, s)
	case "update":
		updatePod(own, p, s)
	case "patch":
		patchPod(own, p, s)
	case "watch":
		follow(all, p, s)
	case "sync", "stream":
		initialSync(client, p, s)
	default:
		must(0, fmt.Errorf("no case %s", name))
	}
	return s
}
