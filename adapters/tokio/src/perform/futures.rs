//! Panics of foreign code, as failures of the job that called it.

use kubecred_core::Failure;
use kubecred_host::blocking::panicked;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::pin::Pin;

/// Awaits a future that foreign code makes. If that panics, in making it or in a poll, the job has
/// failed: without this its callers would wait until it times out, or for ever.
pub(super) async fn catch_panic<'a, T, F>(make: impl FnOnce() -> Pin<Box<F>>) -> Result<T, Failure>
where
    F: Future<Output = Result<T, Failure>> + ?Sized + 'a,
{
    // The future is dropped after a panic, and nothing of it is looked at again.
    let made = catch_unwind(AssertUnwindSafe(make)).map_err(|panic| panicked(&*panic))?;
    let mut made = Some(made);
    std::future::poll_fn(|context| {
        let Some(future) = &mut made else { return std::task::Poll::Pending };
        match catch_unwind(AssertUnwindSafe(|| future.as_mut().poll(context))) {
            Ok(poll) => poll,
            Err(panic) => {
                made = None;
                std::task::Poll::Ready(Err(panicked(&*panic)))
            }
        }
    })
    .await
}
