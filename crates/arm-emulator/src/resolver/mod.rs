//! The behaviour of the DNS resolver that no table can say.
