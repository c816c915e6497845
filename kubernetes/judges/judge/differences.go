package main

import (
	"context"

	"github.com/argoproj/argo-cd/gitops-engine/pkg/diff"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
)

// The field manager that Argo CD applies as.
const argoManager = "argocd-controller"

// differences are what Argo CD shows as out of sync, by each of its ways to compare.
type differences struct {
	// ThreeWay is the default: manifest, live object, and what was applied last where the object carries it.
	ThreeWay difference `json:"threeWay"`
	// Structured is that of ServerSideApply=true without server-side diff.
	Structured difference `json:"structured"`
	// ServerSide is ServerSideDiff=true; left out where nothing was predicted.
	ServerSide *difference `json:"serverSide,omitempty"`
}

type difference struct {
	Modified  bool   `json:"modified"`
	Live      string `json:"live,omitempty"`
	Predicted string `json:"predicted,omitempty"`
	Error     string `json:"error,omitempty"`
}

// dryRun answers as the API server has answered before.
type dryRun string

func (d dryRun) Run(context.Context, *unstructured.Unstructured, string) (string, error) {
	return string(d), nil
}

func (a *argo) differences(asked *question) *differences {
	told := &differences{ThreeWay: compare(asked)}
	if a.parser == nil {
		told.Structured = difference{Error: "no --openapi was given"}
		return told
	}
	manager, parser := diff.WithManager(argoManager), diff.WithGVKParser(a.parser)
	told.Structured = compare(asked, diff.WithStructuredMergeDiff(true), manager, parser)
	if len(asked.Predicted) > 0 && string(asked.Predicted) != "null" {
		serverSide := compare(asked, diff.WithServerSideDiff(true), diff.WithIgnoreMutationWebhook(true), manager, parser,
			diff.WithServerSideDryRunner(dryRun(asked.Predicted)))
		told.ServerSide = &serverSide
	}
	return told
}

func compare(asked *question, options ...diff.Option) difference {
	options = append(options, diff.WithNormalizer(diff.GetNoopNormalizer()))
	result, err := diff.Diff(asked.Desired.DeepCopy(), asked.Live.DeepCopy(), options...)
	if err != nil {
		return difference{Error: err.Error()}
	}
	if !result.Modified {
		return difference{}
	}
	return difference{Modified: true, Live: string(result.NormalizedLive), Predicted: string(result.PredictedLive)}
}
