package main

import (
	"fmt"
	"os"

	"github.com/argoproj/argo-cd/gitops-engine/pkg/health"
	openapi "github.com/google/gnostic-models/openapiv2"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/util/managedfields"
	"k8s.io/kube-openapi/pkg/util/proto"

	"privatelink.dev/kubernetes/judges/internal/argocd"
)

// argo is Argo CD's engine with the health scripts of several configurations, by their paths.
type argo struct {
	configurations map[string]argocd.Scripts
	parser         *managedfields.GvkParser
}

func newArgo(paths []string, schema string) (*argo, error) {
	engine := &argo{configurations: map[string]argocd.Scripts{}}
	for _, path := range paths {
		scripts, err := argocd.ReadScripts(path)
		if err != nil {
			return nil, err
		}
		engine.configurations[path] = scripts
	}
	if schema == "" {
		return engine, nil
	}
	text, err := os.ReadFile(schema)
	if err != nil {
		return nil, err
	}
	document, err := openapi.ParseDocument(text)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", schema, err)
	}
	models, err := proto.NewOpenAPIData(document)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", schema, err)
	}
	engine.parser, err = managedfields.NewGVKParser(models, false)
	return engine, err
}

// health is what the engine says with each configuration, and what the script alone returned: only newer versions of the
// engine ask it about objects under deletion.
func (a *argo) health(live *unstructured.Unstructured) (engine, script map[string]verdict) {
	engine, script = map[string]verdict{}, map[string]verdict{}
	for path, scripts := range a.configurations {
		health, err := health.GetResourceHealth(live.DeepCopy(), scripts)
		switch {
		case err != nil:
			engine[path] = verdict{Error: err.Error()}
		case health == nil:
			engine[path] = verdict{Error: "there is no health"}
		default:
			engine[path] = verdict{Status: string(health.Status), Message: health.Message}
		}
		said, err := scripts.Run(live.DeepCopy())
		script[path] = verdict{Status: string(said.Status), Message: said.Message, DeletionMessage: said.DeletionMessage}
		if err != nil {
			script[path] = verdict{Error: err.Error()}
		}
	}
	return engine, script
}
