package clients

import (
	"flag"
	"fmt"
	"os"
	"slices"
	"testing"
)

// leftOut are the tests of types that the emulator does not model yet. Whoever models one takes its line away; nothing else
// leaves a test out. `go test . -all` runs them too, and they fail.
var leftOut = map[string]string{
}

var all = flag.Bool("all", false, "also what left_out_test.go leaves out")

func TestMain(m *testing.M) {
	flag.Parse()
	code := m.Run()
	if !*all {
		var lines []string
		for name, reason := range leftOut {
			lines = append(lines, fmt.Sprintf("left out: %s: %s", name, reason))
		}
		slices.Sort(lines)
		for _, line := range lines {
			fmt.Println(line)
		}
	}
	os.Exit(code)
}

// modelled ends a test that is left out.
func modelled(t *testing.T) {
	t.Helper()
	if reason, out := leftOut[t.Name()]; out && !*all {
		t.Skip("left out: " + reason)
	}
}
