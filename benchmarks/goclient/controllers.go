package main

import (
	"context"
	"fmt"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"runtime"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/meta"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/labels"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/client-go/informers"
	"k8s.io/client-go/kubernetes"
	listers "k8s.io/client-go/listers/core/v1"
	"k8s.io/client-go/tools/cache"
	"k8s.io/client-go/util/workqueue"
)

const (
	batches     = 20
	firstChange = 3_000_000
	byAddress   = "address"
)

// podCache is an informer of all pods. Its block is `run`.
type podCache struct {
	cache.SharedIndexInformer
	stop chan struct{}
}

func newPodCache(client kubernetes.Interface) podCache {
	factory := informers.NewSharedInformerFactoryWithOptions(client, 0, informers.WithTransform(withoutManagedFields))
	return podCache{factory.Core().V1().Pods().Informer(), make(chan struct{})}
}

func withoutManagedFields(object any) (any, error) {
	if accessor, err := meta.Accessor(object); err == nil {
		accessor.SetManagedFields(nil)
	}
	return object, nil
}

// start returns when the cache is in sync. cache.WaitForCacheSync would look every 100 ms only.
func (c podCache) start() {
	go c.Run(c.stop)
	for !c.HasSynced() {
		time.Sleep(time.Millisecond)
	}
}

func (c podCache) lister() listers.PodLister { return listers.NewPodLister(c.GetIndexer()) }

func version(pod *corev1.Pod) int { return must(strconv.Atoi(pod.ResourceVersion)) }

// batched appends the time of one call, in each of some batches.
func (s *stopwatch) batched(size int, call func()) {
	for range batches {
		began := time.Now()
		for range size {
			call()
		}
		s.seconds = append(s.seconds, time.Since(began).Seconds()/float64(size))
	}
}

func firstSync(client kubernetes.Interface, p plan, s *stopwatch) {
	runtime.GC()
	before := memory("VmRSS:")
	pods := newPodCache(client)
	s.repeat(1, 0, pods.start)
	count(pods.GetStore().ListKeys(), p.Pods)
	runtime.GC()
	s.extra = map[string]any{"resident_kib": memory("VmRSS:"), "before_kib": before}
	close(pods.stop)
}

// relist lets the server end the watch, and waits until the benchmark has seen the next one.
func relist(client kubernetes.Interface, s *stopwatch) {
	pods := newPodCache(client)
	var reported atomic.Int64
	must(pods.AddEventHandler(cache.ResourceEventHandlerFuncs{UpdateFunc: func(before, after any) {
		if version(before.(*corev1.Pod)) != version(after.(*corev1.Pod)) {
			reported.Add(1)
		}
	}}))
	pods.start()
	fmt.Println("ready")
	s.repeat(1, 0, func() { must(io.Copy(io.Discard, os.Stdin)) })
	if reported.Load() > 0 {
		must(0, fmt.Errorf("%d changes were reported", reported.Load()))
	}
}

// changes measures from the first change to the last: in the store, or at a consumer.
func changes(client kubernetes.Interface, p plan, s *stopwatch, consumed bool) {
	pods := newPodCache(client)
	last, done := firstChange+p.Changes-1, make(chan struct{})
	began := sync.OnceFunc(func() { s.began = time.Now() })
	if consumed {
		must(pods.AddEventHandler(cache.ResourceEventHandlerFuncs{UpdateFunc: func(_, after any) {
			began()
			if version(after.(*corev1.Pod)) == last {
				close(done)
			}
		}}))
	}
	pods.start()
	lister := pods.lister().Pods(p.Namespace)
	stored := func(number int) bool {
		name := fmt.Sprintf("web-%d", number%p.Pods)
		return version(must(lister.Get(name))) >= firstChange+number
	}
	fmt.Println("ready")
	s.start()
	if consumed {
		<-done
	} else {
		for !stored(0) {
			time.Sleep(20 * time.Microsecond)
		}
		began()
		for !stored(p.Changes - 1) {
			time.Sleep(20 * time.Microsecond)
		}
	}
	s.stop()
}

func reads(name string, client kubernetes.Interface, p plan, s *stopwatch) {
	pods := newPodCache(client)
	must(0, pods.AddIndexers(cache.Indexers{byAddress: func(object any) ([]string, error) {
		return []string{object.(*corev1.Pod).Status.PodIP}, nil
	}}))
	pods.start()
	lister := pods.lister()
	own := lister.Pods(p.Namespace)
	address := must(own.Get(readPod)).Status.PodIP
	switch name {
	case "get":
		s.batched(p.Reads, func() { must(own.Get(readPod)) })
	case "list":
		selector := must(labels.Parse(p.Label))
		s.batched(1, func() { count(must(lister.List(selector)), p.Labelled) })
	case "index":
		s.batched(p.Reads, func() { count(must(pods.GetIndexer().ByIndex(byAddress, address)), 1) })
	}
}

// ownWrites measures from the response of a write until the cache has it.
func ownWrites(client kubernetes.Interface, p plan, s *stopwatch) {
	pods := newPodCache(client)
	pods.start()
	own := pods.lister().Pods(p.Namespace)
	for turn := range p.Writes {
		body := fmt.Appendf(nil, `{"metadata":{"annotations":{"bench":"own-%d-%d"}}}`, os.Getpid(), turn)
		patched := must(client.CoreV1().Pods(p.Namespace).Patch(
			context.Background(), writtenPod, types.MergePatchType, body, metav1.PatchOptions{FieldManager: manager}))
		s.repeat(1, 0, func() {
			for version(must(own.Get(writtenPod))) < version(patched) {
				time.Sleep(10 * time.Microsecond)
			}
		})
	}
}

// counting counts requests.
type counting struct {
	http.RoundTripper
	requests *atomic.Int64
}

func (c counting) RoundTrip(request *http.Request) (*http.Response, error) {
	c.requests.Add(1)
	return c.RoundTripper.RoundTrip(request)
}

func idle(url, folder, contentType string, p plan, s *stopwatch) {
	config := configuration(url, filepath.Join(folder, "ca.pem"), contentType, p.Compressed)
	var requests atomic.Int64
	config.Wrap(func(inner http.RoundTripper) http.RoundTripper { return counting{inner, &requests} })
	client := must(kubernetes.NewForConfig(config))
	for number := range p.Informers {
		selector := func(options *metav1.ListOptions) { options.LabelSelector = fmt.Sprintf("informer=%d", number) }
		factory := informers.NewSharedInformerFactoryWithOptions(
			client, 0, informers.WithNamespace(p.Created), informers.WithTweakListOptions(selector))
		podCache{factory.Core().V1().ConfigMaps().Informer(), make(chan struct{})}.start()
	}
	time.Sleep(time.Second) // The last watches open after their sync.
	before := requests.Load()
	s.repeat(1, 0, func() { time.Sleep(time.Duration(p.IdleSeconds * float64(time.Second))) })
	minutes := p.IdleSeconds / 60
	s.cpu /= minutes
	s.extra = map[string]any{"requests": float64(requests.Load()-before) / minutes}
}

func queue(p plan, s *stopwatch, workers int) {
	items := make([]string, p.Items)
	for number := range items {
		items[number] = "bench/web-" + strconv.Itoa(number)
	}
	for range 3 {
		queue := workqueue.NewTyped[string]()
		began := time.Now()
		if workers == 1 {
			for _, item := range items {
				queue.Add(item)
				got, _ := queue.Get()
				queue.Done(got)
			}
		} else {
			for _, item := range items {
				queue.Add(item)
			}
			atOnce(len(items), workers, func(int) {
				got, _ := queue.Get()
				queue.Done(got)
			})
		}
		s.seconds = append(s.seconds, time.Since(began).Seconds()/float64(len(items)))
		queue.ShutDown()
	}
}

func controllerCase(name, url, folder, contentType string) *stopwatch {
	p := readPlan(folder)
	must(0, os.Setenv("KUBE_FEATURE_WatchListClient", strconv.FormatBool(name == "stream")))
	client := clientset(url, filepath.Join(folder, "ca.pem"), contentType, p.Compressed)
	s := &stopwatch{}
	switch name {
	case "sync", "stream":
		must(client.CoreV1().Pods("").List(context.Background(), metav1.ListOptions{Limit: 1}))
		firstSync(client, p, s)
	case "relist":
		relist(client, s)
	case "changes", "consumed":
		changes(client, p, s, name == "consumed")
	case "get", "list", "index":
		reads(name, client, p, s)
	case "own":
		ownWrites(client, p, s)
	case "killed", "released":
		failover(client, url, folder, contentType, p, s, strings.HasPrefix(name, "kill"))
	case "idle":
		idle(url, folder, contentType, p, s)
	case "queue":
		queue(p, s, 1)
	case "workers":
		queue(p, s, 8)
	default:
		must(0, fmt.Errorf("no case %s", name))
	}
	return s
}
