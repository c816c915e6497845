// Command judge tells what the tools that users run make of an object: kstatus (Flux, Helm, kpt) of its status, and
// Argo CD's engine of its health and of its difference from the manifest in Git.
//
// It reads one question per line of standard input, as JSON, and answers each with one line:
//
//	{"live": {...}, "desired": {...}, "predicted": {...}}
//
// `desired` is the manifest, where the difference is asked for too; `predicted` is what the API server answers to a dry
// run of it, which the server-side difference needs. It never speaks to an API server itself.
package main

import (
	"bufio"
	"encoding/json"
	"flag"
	"fmt"
	"os"

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
)

type question struct {
	Live      *unstructured.Unstructured `json:"live"`
	Desired   *unstructured.Unstructured `json:"desired"`
	Predicted json.RawMessage            `json:"predicted"`
}

type answer struct {
	Kstatus     verdict            `json:"kstatus"`
	FluxKstatus verdict            `json:"fluxKstatus"`
	Argo        map[string]verdict `json:"argo"`
	Script      map[string]verdict `json:"script"`
	Differences *differences       `json:"differences,omitempty"`
}

// verdict is a status with what was said about it, or why there is none.
type verdict struct {
	Status  string `json:"status,omitempty"`
	Message string `json:"message,omitempty"`
	// DeletionMessage is what a health script says instead of Message of an object under deletion.
	DeletionMessage string `json:"deletionMessage,omitempty"`
	Error           string `json:"error,omitempty"`
}

func main() {
	if err := run(); err != nil {
		fmt.Fprintln(os.Stderr, "judge:", err)
		os.Exit(1)
	}
}

func run() error {
	var configurations files
	flag.Var(&configurations, "argocd-cm", "a file with the ConfigMap argocd-cm; may be given again, each is judged by")
	openapi := flag.String("openapi", "", "a file with the API server's /openapi/v2, for differences")
	flag.Parse()
	engine, err := newArgo(configurations, *openapi)
	if err != nil {
		return err
	}
	lines := bufio.NewScanner(os.Stdin)
	lines.Buffer(nil, 16<<20)
	out := bufio.NewWriter(os.Stdout)
	defer out.Flush()
	encoder := json.NewEncoder(out)
	for number := 1; lines.Scan(); number++ {
		var asked question
		if err := json.Unmarshal(lines.Bytes(), &asked); err != nil {
			return fmt.Errorf("line %d: %w", number, err)
		}
		if asked.Live == nil {
			return fmt.Errorf("line %d: no live object", number)
		}
		told := answer{Kstatus: kstatus(asked.Live), FluxKstatus: fluxKstatus(asked.Live)}
		told.Argo, told.Script = engine.health(asked.Live)
		if asked.Desired != nil {
			told.Differences = engine.differences(&asked)
		}
		if err := encoder.Encode(told); err != nil {
			return err
		}
	}
	return lines.Err()
}

type files []string

func (f *files) String() string { return fmt.Sprint(*f) }

func (f *files) Set(path string) error {
	*f = append(*f, path)
	return nil
}
