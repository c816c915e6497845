// Command synchronise brings manifests into a cluster once, with Argo CD's engine: by sync waves, each of which waits
// until the one before is healthy, and with the health scripts of an argocd-cm.
//
// It reads the manifests from standard input, one JSON object per line, and prints one line of JSON when the operation is
// over, or when its time is. Without a manifest it prunes what an earlier run has brought.
package main

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"os"
	"time"

	"github.com/argoproj/argo-cd/gitops-engine/pkg/cache"
	"github.com/argoproj/argo-cd/gitops-engine/pkg/engine"
	"github.com/argoproj/argo-cd/gitops-engine/pkg/sync"
	"github.com/argoproj/argo-cd/gitops-engine/pkg/utils/kube"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/client-go/tools/clientcmd"

	"privatelink.dev/kubernetes/judges/internal/argocd"
)

// What Argo CD marks objects with, where it tracks them by annotation.
const (
	tracking    = "argocd.argoproj.io/tracking-id"
	application = "privatelink"
	manager     = "argocd-controller"
)

type outcome struct {
	// Completed tells an operation that came to its end from one that ran out of time.
	Completed bool     `json:"completed"`
	Error     string   `json:"error,omitempty"`
	Results   []result `json:"results"`
}

type result struct {
	Resource string `json:"resource"`
	Status   string `json:"status"`
	Message  string `json:"message"`
}

func main() {
	if err := run(); err != nil {
		fmt.Fprintln(os.Stderr, "synchronise:", err)
		os.Exit(1)
	}
}

func run() error {
	kubeconfig := flag.String("kubeconfig", "", "whom to speak to")
	configuration := flag.String("argocd-cm", "", "a file with the ConfigMap argocd-cm")
	serverSide := flag.Bool("server-side", false, "apply as ServerSideApply=true does")
	limit := flag.Duration("timeout", time.Minute, "when to give up")
	flag.Parse()
	scripts, err := argocd.ReadScripts(*configuration)
	if err != nil {
		return err
	}
	manifests, err := readManifests()
	if err != nil {
		return err
	}
	config, err := clientcmd.BuildConfigFromFlags("", *kubeconfig)
	if err != nil {
		return err
	}
	cluster := cache.NewClusterCache(config, cache.SetPopulateResourceInfoHandler(
		func(object *unstructured.Unstructured, _ bool) (info any, cacheManifest bool) {
			mark := object.GetAnnotations()[tracking]
			return mark, mark != ""
		}))
	argo := engine.NewEngine(config, cluster)
	stop, err := argo.Run()
	if err != nil {
		return err
	}
	defer stop()
	isManaged := func(resource *cache.Resource) bool {
		return resource.Info == trackingID(resource.ResourceKey())
	}
	within, cancel := context.WithTimeout(context.Background(), *limit)
	defer cancel()
	results, err := argo.Sync(within, manifests, isManaged, "HEAD", "default",
		sync.WithPrune(true), sync.WithHealthOverride(scripts),
		sync.WithServerSideApply(*serverSide), sync.WithServerSideApplyManager(manager))
	told := outcome{Completed: !errors.Is(err, context.DeadlineExceeded), Results: []result{}}
	if err != nil {
		told.Error = err.Error()
	}
	for _, one := range results {
		told.Results = append(told.Results, result{
			Resource: one.ResourceKey.String(), Status: string(one.Status), Message: one.Message,
		})
	}
	return json.NewEncoder(os.Stdout).Encode(told)
}

func readManifests() ([]*unstructured.Unstructured, error) {
	var manifests []*unstructured.Unstructured
	lines := bufio.NewScanner(os.Stdin)
	lines.Buffer(nil, 16<<20)
	for lines.Scan() {
		manifest := &unstructured.Unstructured{}
		if err := manifest.UnmarshalJSON(lines.Bytes()); err != nil {
			return nil, err
		}
		annotations := manifest.GetAnnotations()
		if annotations == nil {
			annotations = map[string]string{}
		}
		annotations[tracking] = trackingID(kube.GetResourceKey(manifest))
		manifest.SetAnnotations(annotations)
		manifests = append(manifests, manifest)
	}
	return manifests, lines.Err()
}

func trackingID(key kube.ResourceKey) string {
	return fmt.Sprintf("%s:%s/%s:%s/%s", application, key.Group, key.Kind, key.Namespace, key.Name)
}
