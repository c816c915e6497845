//! The behaviour of role assignments and locks that no table can say: they take effect on other requests.
