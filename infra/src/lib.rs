//! The outside world: where model files come from and lie. (Store, queue and database come with the service.)
