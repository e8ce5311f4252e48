//! Opened by its first module.
