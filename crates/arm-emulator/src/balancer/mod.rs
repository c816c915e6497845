//! The behaviour of load balancers and public addresses that no table can say.
