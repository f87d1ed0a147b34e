// Command goclient follows the config maps of a namespace with client-go's informer and writes down what it reports:
// the records of tests/torture/history.py. Usage: goclient KUBECONFIG NAMESPACE FILE LAST
//
// It ends when it has reported the object with the name LAST. Its last record is its store.
package main

import (
	"context"
	"encoding/json"
	"log"
	"os"
	"sync"
	"time"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/watch"
	"k8s.io/client-go/kubernetes"
	"k8s.io/client-go/tools/cache"
	"k8s.io/client-go/tools/clientcmd"
)

type record struct {
	Op      string `json:"op"`
	Watcher string `json:"watcher"`
	Type    string `json:"type,omitempty"`
	Name    string `json:"name,omitempty"`
	UID     string `json:"uid,omitempty"`
	Version string `json:"version"`

	Items map[string][2]string `json:"items,omitempty"`
}

type history struct {
	sync.Mutex
	file *os.File
}

func (h *history) note(r record) {
	r.Watcher = "go"
	line, err := json.Marshal(r)
	if err != nil {
		log.Fatal(err)
	}
	h.Lock()
	defer h.Unlock()
	if _, err := h.file.Write(append(line, '\n')); err != nil {
		log.Fatal(err)
	}
}

func (h *history) event(kind string, m *corev1.ConfigMap) {
	h.note(record{Op: "event", Type: kind, Name: m.Name, UID: string(m.UID), Version: m.ResourceVersion})
}

func main() {
	if len(os.Args) != 5 {
		log.Fatal("usage: goclient KUBECONFIG NAMESPACE FILE LAST")
	}
	config, err := clientcmd.BuildConfigFromFlags("", os.Args[1])
	if err != nil {
		log.Fatal(err)
	}
	config.QPS = -1
	clientset, err := kubernetes.NewForConfig(config)
	if err != nil {
		log.Fatal(err)
	}
	file, err := os.Create(os.Args[3])
	if err != nil {
		log.Fatal(err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	defer cancel()
	follow(ctx, cancel, clientset, os.Args[2], os.Args[4], &history{file: file})
	if err := file.Close(); err != nil {
		log.Fatal(err)
	}
}

func follow(ctx context.Context, done func(), clientset kubernetes.Interface, namespace, last string, h *history) {
	maps := clientset.CoreV1().ConfigMaps(namespace)
	report := func(kind string, found any) {
		if gone, ok := found.(cache.DeletedFinalStateUnknown); ok {
			found = gone.Obj
		}
		m := found.(*corev1.ConfigMap)
		h.event(kind, m)
		if m.Name == last {
			time.AfterFunc(time.Second, done) // What else belongs to the same list comes behind it.
		}
	}
	store, informer := cache.NewInformerWithOptions(cache.InformerOptions{
		ListerWatcher: &cache.ListWatch{
			ListWithContextFunc: func(ctx context.Context, options metav1.ListOptions) (runtime.Object, error) {
				found, err := maps.List(ctx, options)
				if err == nil {
					h.note(record{Op: "list", Version: found.ResourceVersion})
				}
				return found, err
			},
			WatchFuncWithContext: func(ctx context.Context, options metav1.ListOptions) (watch.Interface, error) {
				return maps.Watch(ctx, options)
			},
		},
		ObjectType: &corev1.ConfigMap{},
		Handler: cache.ResourceEventHandlerFuncs{
			AddFunc: func(found any) { report("ADDED", found) },
			UpdateFunc: func(before, after any) {
				was, is := before.(*corev1.ConfigMap), after.(*corev1.ConfigMap)
				if was.UID != is.UID {
					report("DELETED", before)
					report("ADDED", after)
				} else if was.ResourceVersion != is.ResourceVersion {
					report("MODIFIED", after)
				}
			},
			DeleteFunc: func(found any) { report("DELETED", found) },
		},
	})
	informer.RunWithContext(ctx)
	items := map[string][2]string{}
	for _, found := range store.List() {
		m := found.(*corev1.ConfigMap)
		items[m.Name] = [2]string{string(m.UID), m.ResourceVersion}
	}
	h.note(record{Op: "store", Items: items})
}
