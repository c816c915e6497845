// Command synchronise brings manifests into a cluster once, with Argo CD's engine: by sync waves, each of which waits
// until the one before is healthy, and with the health scripts of an argocd-cm.
//
// It reads the manifests from standard input, one JSON object per line, and prints one line of JSON when the operation is
// over, or when its time is. Without a manifest it prunes what an earlier run has brought.
package main

import (
	"bufio"
	"encoding/json"
	"flag"
	"fmt"
	"os"
	"time"

	"github.com/argoproj/argo-cd/gitops-engine/pkg/cache"
	"github.com/argoproj/argo-cd/gitops-engine/pkg/sync"
	"github.com/argoproj/argo-cd/gitops-engine/pkg/sync/common"
	"github.com/argoproj/argo-cd/gitops-engine/pkg/utils/kube"
	"github.com/argoproj/argo-cd/gitops-engine/pkg/utils/tracing"
	"github.com/go-logr/logr"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/client-go/rest"
	"k8s.io/client-go/tools/clientcmd"

	"privatelink.dev/kubernetes/judges/internal/argocd"
)

// What Argo CD marks objects with, where it tracks them by annotation.
const (
	tracking    = "argocd.argoproj.io/tracking-id"
	application = "privatelink"
	manager     = "argocd-controller"
)

// Where manifests without a namespace go, what the revision is called, and how long to wait between two steps.
const (
	namespace = "default"
	revision  = "HEAD"
	pause     = time.Second
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
	if err := cluster.EnsureSynced(); err != nil {
		return err
	}
	// Argo CD's default, foreground, needs a garbage collector, which a bare API server has not.
	background := metav1.DeletePropagationBackground
	operation := operation{
		config: config, cluster: cluster, manifests: manifests,
		options: []sync.SyncOpt{
			sync.WithPrune(true), sync.WithPrunePropagationPolicy(&background), sync.WithHealthOverride(scripts),
			sync.WithServerSideApply(*serverSide), sync.WithServerSideApplyManager(manager),
		},
	}
	phase, message, results, err := operation.run(time.Now().Add(*limit))
	if err != nil {
		return err
	}
	told := outcome{Completed: phase.Completed(), Results: []result{}}
	if phase != common.OperationSucceeded {
		told.Error = message
	}
	for _, one := range results {
		told.Results = append(told.Results, result{
			Resource: one.ResourceKey.String(), Status: string(one.Status), Message: one.Message,
		})
	}
	return json.NewEncoder(os.Stdout).Encode(told)
}

// operation is one sync. As Argo CD does, it looks at the live objects anew before each step and goes on from the state
// that the step before has left.
type operation struct {
	config    *rest.Config
	cluster   cache.ClusterCache
	manifests []*unstructured.Unstructured
	options   []sync.SyncOpt
}

func (o *operation) run(until time.Time) (common.OperationPhase, string, []common.ResourceSyncResult, error) {
	var phase common.OperationPhase
	var message string
	var results []common.ResourceSyncResult
	isManaged := func(resource *cache.Resource) bool {
		return resource.Info == trackingID(resource.ResourceKey())
	}
	kubectl := &kube.KubectlCmd{Log: logr.Discard(), Tracer: tracing.NopTracer{}}
	started := metav1.Now()
	for {
		live, err := o.cluster.GetManagedLiveObjs(o.manifests, isManaged)
		if err != nil {
			return phase, message, results, err
		}
		pairs := sync.Reconcile(o.manifests, live, namespace, o.cluster)
		options := append(o.options[:len(o.options):len(o.options)],
			sync.WithInitialState(phase, message, results, started))
		step, cleanup, err := sync.NewSyncContext(revision, pairs, o.config, o.config, kubectl, namespace, options...)
		if err != nil {
			return phase, message, results, err
		}
		step.Sync()
		phase, message, results = step.GetState()
		cleanup()
		if phase.Completed() || time.Now().After(until) {
			return phase, message, results, nil
		}
		time.Sleep(pause)
	}
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
