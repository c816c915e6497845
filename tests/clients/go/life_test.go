package clients

import (
	"context"
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/Azure/azure-sdk-for-go/sdk/azcore"
	"github.com/Azure/azure-sdk-for-go/sdk/azcore/policy"
	"github.com/Azure/azure-sdk-for-go/sdk/azcore/runtime"
)

type runtimePolicy = policy.Policy

// nopCloser is a body that need not be closed.
type nopCloser struct{ io.ReadSeeker }

func (nopCloser) Close() error { return nil }

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// wait is the client's own poller, to its end.
func wait[R any](poller *runtime.Poller[R], err error) (R, error) {
	if err != nil {
		var none R
		return none, err
	}
	// Operations of perimeters do not say when to come again, and 30 seconds is what a poller waits then.
	often := runtime.PollUntilDoneOptions{Frequency: time.Second}
	return poller.PollUntilDone(context.Background(), &often)
}

// refused asserts that an error is Azure's, with this status and code.
func refused(t *testing.T, err error, status int, code string) {
	t.Helper()
	var response *azcore.ResponseError
	if !errors.As(err, &response) {
		t.Fatalf("no error of Azure: %v", err)
	}
	if response.StatusCode != status || response.ErrorCode != code {
		t.Fatalf("%d %s instead of %d %s: %v", response.StatusCode, response.ErrorCode, status, code, err)
	}
}

// missing asserts that an error says that a resource is not there.
func missing(t *testing.T, err error) {
	t.Helper()
	var response *azcore.ResponseError
	if !errors.As(err, &response) || response.StatusCode != http.StatusNotFound {
		t.Fatalf("it is there: %v", err)
	}
}

// ids are the ids on all pages of a list.
func ids[R, T any](pager *runtime.Pager[R], value func(R) []*T) func() ([]string, error) {
	return func() ([]string, error) {
		var found []string
		for pager.More() {
			page, err := pager.NextPage(context.Background())
			if err != nil {
				return nil, err
			}
			for _, one := range value(page) {
				found = append(found, envelopeOf(*one).ID)
			}
		}
		return found, nil
	}
}

// envelope is what every resource has.
type envelope struct {
	ID, Name, Type, Etag string
	Properties           struct{ ProvisioningState string }
}

func envelopeOf(resource any) envelope {
	var shown envelope
	text, err := json.Marshal(resource)
	if err == nil {
		err = json.Unmarshal(text, &shown)
	}
	if err != nil {
		panic(err)
	}
	return shown
}

// life is a resource that is not there yet, though everything is that it needs.
type life[T any] struct {
	// path is its types and names, `virtualNetworks/net/subnets/first`.
	path   string
	body   T
	get    func() (T, error)
	put    func(T) (T, error)
	remove func() error
	// lists makes the lists that it is in.
	lists func() []func() ([]string, error)
	// made says whether an answer shows what Azure adds to the body.
	made func(T) bool
	// change is the next thing to write, changed whether an answer shows it.
	change  func(*T)
	changed func(T) bool
}

// live leads a resource from its making to its deletion, and looks at it from every side on the way.
func (l life[T]) live(t *testing.T, p place) {
	t.Helper()
	_, err := l.get()
	missing(t, err)

	made, err := l.put(l.body)
	must(t, err)
	segments := strings.Split(l.path, "/")
	shown := envelopeOf(made)
	if shown.ID != p.id(l.path) || shown.Name != segments[len(segments)-1] {
		t.Fatalf("%s %s stands at %s", shown.Name, shown.ID, l.path)
	}
	// The links of perimeters stay Accepted.
	if state := shown.Properties.ProvisioningState; state != "Succeeded" && state != "Accepted" && state != "" {
		t.Fatalf("made, and still %s", state)
	}
	read, err := l.get()
	must(t, err)
	if !l.made(read) {
		t.Fatalf("not as Azure makes it: %s", text(read))
	}
	l.listed(t, p, 1)

	l.change(&read)
	_, err = l.put(read)
	must(t, err)
	again, err := l.get()
	must(t, err)
	if !l.changed(again) || !l.made(again) {
		t.Fatalf("not as it was changed: %s", text(again))
	}
	if after := envelopeOf(again); shown.Etag != "" && after.Etag == shown.Etag {
		t.Fatalf("changed, and its etag is the same: %s", shown.Etag)
	}

	must(t, l.remove())
	_, err = l.get()
	missing(t, err)
	l.listed(t, p, 0)
	// Deleting what is not there is no error.
	must(t, l.remove())
}

func (l life[T]) listed(t *testing.T, p place, times int) {
	t.Helper()
	for at, list := range l.lists() {
		found, err := list()
		must(t, err)
		count := 0
		for _, id := range found {
			if strings.EqualFold(id, p.id(l.path)) {
				count++
			}
		}
		if count != times {
			t.Fatalf("it is %d times in list %d: %v", count, at, found)
		}
	}
}

func text(resource any) string {
	shown, err := json.MarshalIndent(resource, "", "  ")
	if err != nil {
		return err.Error()
	}
	return string(shown)
}
