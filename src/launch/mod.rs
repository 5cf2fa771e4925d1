//! Starting this program again, as processes of its own: servers and others with a home, which stop
//! when whoever started them stops or dies.
//!
//! - [`program`]: a command line of this program
//! - [`process`]: a process that goes on: what it says, its log, its end
//! - [`place`]: a server's home and its port
//! - [`net`]: the homes of a coordinator and its nodes, with a roster
//! - [`error`]: why a process is not there, or no more

pub mod error;
pub mod net;
pub mod place;
pub mod process;
pub mod program;

pub use error::LaunchError;
pub use net::Net;
pub use place::{Place, Role};
pub use process::Process;
