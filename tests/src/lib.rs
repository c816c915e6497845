//! Scenarios against the real Kubernetes API server and the ARM emulator over HTTPS: see `end_to_end/`.
