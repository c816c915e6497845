// Package clients has nothing but tests: Azure's own Go clients against the emulator, which serves ../seed.yaml.
// ARM_ENDPOINT says where it is, SSL_CERT_FILE whom to trust.
package clients
