package argocd

import (
	"context"
	"encoding/json"
	"fmt"
	"time"

	"github.com/argoproj/argo-cd/gitops-engine/pkg/health"
	lua "github.com/yuin/gopher-lua"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	luajson "layeh.com/gopher-json"
)

// A script that takes longer is ended, as in Argo CD.
const scriptLimit = time.Second

// What a script may use unless the administrator opens all libraries to it; `os`, of which Argo CD leaves the clock, is
// left out: no script of ours may depend on it.
var libraries = []struct {
	name string
	open lua.LGFunction
}{
	{lua.LoadLibName, lua.OpenPackage},
	{lua.BaseLibName, lua.OpenBase},
	{lua.TabLibName, lua.OpenTable},
}

// Said is what a health script returned, as it stands.
type Said struct {
	Status          health.HealthStatusCode `json:"status,omitempty"`
	Message         string                  `json:"message,omitempty"`
	DeletionMessage string                  `json:"deletionMessage,omitempty"`
}

// Run runs the object's script under the conventions of Argo CD: the object is the global `obj`, and the script returns a
// table with a status that Argo CD knows.
func (s Scripts) Run(live *unstructured.Unstructured) (Said, error) {
	var said Said
	script := s.of(live)
	if script == "" {
		return said, fmt.Errorf("no health script is for %s", live.GroupVersionKind())
	}
	state := lua.NewState(lua.Options{SkipOpenLibs: true})
	defer state.Close()
	for _, library := range libraries {
		open := lua.P{Fn: state.NewFunction(library.open), Protect: true}
		if err := state.CallByParam(open, lua.LString(library.name)); err != nil {
			return said, err
		}
	}
	limit, cancel := context.WithTimeout(context.Background(), scriptLimit)
	defer cancel()
	state.SetContext(limit)
	state.SetGlobal("obj", toLua(state, live.Object))
	if err := state.DoString(script); err != nil {
		return said, err
	}
	returned := state.Get(-1)
	if returned.Type() != lua.LTTable {
		return said, fmt.Errorf("the script returned %s, and no table", returned.Type())
	}
	text, err := luajson.Encode(returned)
	if err != nil {
		return said, err
	}
	if err := json.Unmarshal(text, &said); err != nil {
		return said, err
	}
	switch said.Status {
	case health.HealthStatusHealthy, health.HealthStatusProgressing, health.HealthStatusDegraded,
		health.HealthStatusSuspended, health.HealthStatusMissing, health.HealthStatusUnknown:
		return said, nil
	}
	return said, fmt.Errorf("the script returned the status %q, which Argo CD does not know", said.Status)
}

// toLua gives a script the object. All numbers are Lua's, and null is nil.
func toLua(state *lua.LState, value any) lua.LValue {
	switch value := value.(type) {
	case bool:
		return lua.LBool(value)
	case string:
		return lua.LString(value)
	case int64:
		return lua.LNumber(value)
	case float64:
		return lua.LNumber(value)
	case []any:
		list := state.CreateTable(len(value), 0)
		for _, element := range value {
			list.Append(toLua(state, element))
		}
		return list
	case map[string]any:
		table := state.CreateTable(0, len(value))
		for name, element := range value {
			table.RawSetString(name, toLua(state, element))
		}
		return table
	}
	return lua.LNil
}
