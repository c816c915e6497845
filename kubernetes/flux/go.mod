// Pins the definitions of Flux's sources, of which only the files below config/crd are used: nothing of it is built.
// `go mod download` fetches it; go.sum fixes every byte.
module privatelink.dev/kubernetes/flux

go 1.26.1

require github.com/fluxcd/source-controller v1.9.0
