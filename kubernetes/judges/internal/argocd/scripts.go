// Package argocd runs the health scripts of a ConfigMap argocd-cm as Argo CD does.
package argocd

import (
	"fmt"
	"os"
	"strings"

	"github.com/argoproj/argo-cd/gitops-engine/pkg/health"
	"github.com/gobwas/glob"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"sigs.k8s.io/yaml"
)

// Scripts are the health scripts of one argocd-cm, by group and kind, where * stands for any text.
type Scripts map[string]string

const (
	allCustomizations = "resource.customizations"
	healthOf          = "resource.customizations.health."
)

// ReadScripts reads a ConfigMap: one key that holds all customizations, in which group and kind may have wildcards, and
// one key per group and kind, in which they may not.
func ReadScripts(path string) (Scripts, error) {
	text, err := os.ReadFile(path)
	if err != nil {
		return nil, err
	}
	var configuration struct {
		Data map[string]string `json:"data"`
	}
	if err := yaml.Unmarshal(text, &configuration); err != nil {
		return nil, fmt.Errorf("%s: %w", path, err)
	}
	found := Scripts{}
	for key, value := range configuration.Data {
		if key == allCustomizations {
			var all map[string]struct {
				Health string `json:"health.lua"`
			}
			if err := yaml.UnmarshalStrict([]byte(value), &all); err != nil {
				return nil, fmt.Errorf("%s: %s: %w", path, key, err)
			}
			for group, customization := range all {
				found[group] = customization.Health
			}
			continue
		}
		about, isHealth := strings.CutPrefix(key, healthOf)
		group, kind, isSplit := strings.Cut(about, "_")
		if !isHealth || !isSplit || strings.Contains(kind, "_") {
			return nil, fmt.Errorf("%s: Argo CD has no setting %s", path, key)
		}
		found[group+"/"+kind] = value
	}
	if len(found) == 0 {
		return nil, fmt.Errorf("%s: there is no health script in it", path)
	}
	return found, nil
}

// of is the script for an object: that of its group and kind, else one whose wildcards match them.
func (s Scripts) of(live *unstructured.Unstructured) string {
	kind := live.GroupVersionKind()
	key := kind.Group + "/" + kind.Kind
	if script, ok := s[key]; ok {
		return script
	}
	for pattern, script := range s {
		if matcher, err := glob.Compile(pattern); err == nil && matcher.Match(key) {
			return script
		}
	}
	return ""
}

// GetResourceHealth answers the engine's question for the health of custom resources; nil where no script is for them.
func (s Scripts) GetResourceHealth(live *unstructured.Unstructured) (*health.HealthStatus, error) {
	if s.of(live) == "" {
		return nil, nil
	}
	said, err := s.Run(live)
	if err != nil {
		return nil, err
	}
	return &health.HealthStatus{Status: said.Status, Message: said.Message}, nil
}
