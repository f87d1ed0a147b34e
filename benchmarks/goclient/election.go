package main

import (
	"bufio"
	"context"
	"fmt"
	"os"
	"os/exec"
	"os/signal"
	"path/filepath"
	"syscall"
	"time"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/client-go/kubernetes"
	"k8s.io/client-go/tools/leaderelection"
	"k8s.io/client-go/tools/leaderelection/resourcelock"
)

const leaseDuration, renewDeadline, retryPeriod = 15 * time.Second, 10 * time.Second, 2 * time.Second

// elector competes for the lease of this name; it calls started when it leads.
func elector(client kubernetes.Interface, namespace, lease, identity string, started func(context.Context)) *leaderelection.LeaderElector {
	return must(leaderelection.NewLeaderElector(leaderelection.LeaderElectionConfig{
		Lock: &resourcelock.LeaseLock{
			LeaseMeta:  metav1.ObjectMeta{Name: lease, Namespace: namespace},
			Client:     client.CoordinationV1(),
			LockConfig: resourcelock.ResourceLockConfig{Identity: identity},
		},
		LeaseDuration:   leaseDuration,
		RenewDeadline:   renewDeadline,
		RetryPeriod:     retryPeriod,
		ReleaseOnCancel: true,
		Callbacks: leaderelection.LeaderCallbacks{
			OnStartedLeading: started,
			OnStoppedLeading: func() {},
		},
	}))
}

// lead is the process of the first leader: it leads until SIGTERM, and then releases the lease.
func lead(lease, url, folder, contentType string) {
	p := readPlan(folder)
	client := clientset(url, filepath.Join(folder, "ca.pem"), contentType, p.Compressed)
	ctx, stop := signal.NotifyContext(context.Background(), syscall.SIGTERM)
	defer stop()
	elector(client, p.Created, lease, "first", func(context.Context) { fmt.Println("leads") }).Run(ctx)
}

// failover measures from the end of the first leader, another process, to the first write of the second.
func failover(client kubernetes.Interface, url, folder, contentType string, p plan, s *stopwatch, kill bool) {
	lease := fmt.Sprintf("failover-%d", os.Getpid())
	first := exec.Command(must(os.Executable()), "lead", lease, url, folder, contentType)
	first.Stderr = os.Stderr
	output := must(first.StdoutPipe())
	must(0, first.Start())
	must(bufio.NewReader(output).ReadString('\n'))
	written := make(chan struct{})
	second := elector(client, p.Created, lease, "second", func(ctx context.Context) {
		body := &corev1.ConfigMap{}
		body.Name = lease
		must(client.CoreV1().ConfigMaps(p.Created).Create(ctx, body, metav1.CreateOptions{}))
		close(written)
	})
	ctx, stop := context.WithCancel(context.Background())
	go second.Run(ctx)
	for second.GetLeader() != "first" {
		time.Sleep(time.Millisecond)
	}
	ending := syscall.SIGTERM
	if kill {
		ending = syscall.SIGKILL
	}
	s.repeat(1, 0, func() {
		must(0, first.Process.Signal(ending))
		<-written
	})
	stop()
	first.Wait()
}
