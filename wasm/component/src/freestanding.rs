//! A heap, and an end for panics.
//!
//! The standard library would bring the same heap, and the code to put a panic into words, which
//! that have no place to be written to. Without it the component is a
//! quarter smaller.

use core::panic::PanicInfo;
use dlmalloc::GlobalDlmalloc;

#[global_allocator]
static HEAP: GlobalDlmalloc = GlobalDlmalloc;

/// The runtime that called gets a trap, and with it the stack.
#[panic_handler]
fn panic(_: &PanicInfo<'_>) -> ! {
    core::arch::wasm32::unreachable()
}
