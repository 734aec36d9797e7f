//! What the kernel says about when bytes arrived (Linux).
//!
//! Main functions: [`enable`] and [`fill`]. `recvmsg` with `SO_TIMESTAMPING` gives, beside
//! the bytes, the moment at which the last segment among them reached this machine's network
//! stack, on the real-time clock. std and rustix offer neither the option nor its control
//! message, which is why this file asks libc. Must not convert or judge stamps.

#![allow(unsafe_code)]

use std::io;
use std::mem::{MaybeUninit, size_of, zeroed};
use std::os::fd::{AsRawFd, BorrowedFd};
use tokio::io::ReadBuf;

/// Room for control messages: a stamp takes 64 bytes, unasked ones are small.
const CONTROL: usize = 256;

/// Control messages must lie as their headers want.
#[repr(C, align(8))]
struct Control([MaybeUninit<u8>; CONTROL]);

/// Asks for the kernel's receive stamps on a socket.
///
/// # Errors
/// The kernel does not know the option.
pub(crate) fn enable(socket: BorrowedFd<'_>) -> io::Result<()> {
    let flags: libc::c_uint = libc::SOF_TIMESTAMPING_RX_SOFTWARE | libc::SOF_TIMESTAMPING_SOFTWARE;
    // SAFETY: the descriptor is open for the call, and the value is an integer of the length given.
    let done = unsafe {
        libc::setsockopt(
            socket.as_raw_fd(),
            libc::SOL_SOCKET,
            libc::SO_TIMESTAMPING,
            (&raw const flags).cast(),
            size_of::<libc::c_uint>() as libc::socklen_t,
        )
    };
    if done == 0 { Ok(()) } else { Err(io::Error::last_os_error()) }
}

/// Reads into a buffer from a socket that does not block; see [`receive`].
///
/// # Errors
/// What `recvmsg` says, `WouldBlock` among it.
pub(crate) fn fill(socket: BorrowedFd<'_>, buf: &mut ReadBuf<'_>) -> io::Result<(usize, Option<i64>)> {
    // SAFETY: nothing that was initialised becomes uninitialised: the kernel only writes.
    let room = unsafe { buf.unfilled_mut() };
    let (bytes, stamp) = receive(socket, room)?;
    // SAFETY: the kernel wrote so many bytes at the front of the room.
    unsafe { buf.assume_init(bytes) };
    buf.advance(bytes);
    Ok((bytes, stamp))
}

/// Reads from a socket that does not block: how many bytes at the front of `room` were filled,
/// and the stamp of the last segment among them in Unix nanoseconds.
///
/// # Errors
/// What `recvmsg` says, `WouldBlock` among it.
fn receive(socket: BorrowedFd<'_>, room: &mut [MaybeUninit<u8>]) -> io::Result<(usize, Option<i64>)> {
    let mut control = Control([MaybeUninit::uninit(); CONTROL]);
    let mut into = libc::iovec { iov_base: room.as_mut_ptr().cast(), iov_len: room.len() };
    // SAFETY: a message header of zeroes names no address, no buffer and no control room.
    let mut message: libc::msghdr = unsafe { zeroed() };
    message.msg_iov = &raw mut into;
    message.msg_iovlen = 1;
    message.msg_control = control.0.as_mut_ptr().cast();
    message.msg_controllen = CONTROL as _;
    // SAFETY: the header points at `room` and `control`, which outlive the call, with their lengths.
    let got = unsafe { libc::recvmsg(socket.as_raw_fd(), &raw mut message, 0) };
    match usize::try_from(got) {
        Ok(bytes) => Ok((bytes, stamp(&message))),
        Err(_) => Err(io::Error::last_os_error()),
    }
}

/// Where the kernel's `tcp_info` counts segments that came out of order (since Linux 5.4).
const OUT_OF_ORDER_AT: usize = 224;

/// How many segments came out of order on a connection, which std and rustix do not offer;
/// absent where the kernel does not say.
pub(crate) fn out_of_order(socket: BorrowedFd<'_>) -> Option<u32> {
    let mut info = [0u8; 256];
    let mut length = info.len() as libc::socklen_t;
    // SAFETY: the descriptor is open for the call, and the kernel writes at most `length` bytes.
    let done = unsafe {
        libc::getsockopt(
            socket.as_raw_fd(),
            libc::IPPROTO_TCP,
            libc::TCP_INFO,
            info.as_mut_ptr().cast(),
            &raw mut length,
        )
    };
    let is_there = done == 0 && length as usize >= OUT_OF_ORDER_AT + 4;
    let bytes = info.get(OUT_OF_ORDER_AT..OUT_OF_ORDER_AT + 4)?;
    is_there.then(|| u32::from_ne_bytes(bytes.try_into().expect("four bytes")))
}

/// The software stamp among the control messages that a read brought.
fn stamp(message: &libc::msghdr) -> Option<i64> {
    // SAFETY: the kernel wrote the headers and lengths between `msg_control` and
    // `msg_controllen`; the macros stay within them, and data is copied out unaligned after its
    // length was checked.
    unsafe {
        let mut header = libc::CMSG_FIRSTHDR(message);
        while let Some(found) = header.as_ref() {
            // Its type differs between C libraries.
            #[allow(clippy::unnecessary_cast)]
            let length = found.cmsg_len as usize;
            if found.cmsg_level == libc::SOL_SOCKET
                && found.cmsg_type == libc::SCM_TIMESTAMPING
                && length >= libc::CMSG_LEN(size_of::<libc::timespec>() as u32) as usize
            {
                let at = libc::CMSG_DATA(header).cast::<libc::timespec>().read_unaligned();
                return (at.tv_sec != 0).then(|| at.tv_sec * 1_000_000_000 + at.tv_nsec);
            }
            header = libc::CMSG_NXTHDR(message, header);
        }
    }
    None
}
