//! The behaviour of policies that no table can say: they take effect on other requests.
