package main

import (
	flux "github.com/fluxcd/cli-utils/pkg/kstatus/status"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	upstream "sigs.k8s.io/cli-utils/pkg/kstatus/status"
)

// kstatus is what kpt and Helm compute.
func kstatus(live *unstructured.Unstructured) verdict {
	result, err := upstream.Compute(live.DeepCopy())
	if err != nil {
		return verdict{Error: err.Error()}
	}
	return verdict{Status: result.Status.String(), Message: result.Message}
}

// fluxKstatus is what Flux's own copy computes.
func fluxKstatus(live *unstructured.Unstructured) verdict {
	result, err := flux.Compute(live.DeepCopy())
	if err != nil {
		return verdict{Error: err.Error()}
	}
	return verdict{Status: result.Status.String(), Message: result.Message}
}
