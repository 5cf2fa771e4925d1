//! The state of the program.
//!
//! - [`model`]: all of the state together: what is known, who the person is and where
//! - [`audit`]: what a record proves, and where to write it
//! - [`data`]: what is known of sessions, bids, progress, the link and the log
//! - [`cleared`]: what came of a market
//! - [`surveyed`]: what came of a survey
//! - [`worked`]: a job's steps, and what it revealed
//! - [`answers`]: the answers to a survey as they are typed
//! - [`held`]: the variables that stay at the nodes
//! - [`stock`]: models, and the material that dealers make for them
//! - [`approval`]: a job that is to be let run
//! - [`live`]: what is heard of a session while it lives
//! - [`own`]: our own bids
//! - [`alert`]: what needs a person, for as long as it does
//! - [`alerts`]: which of them there are now
//! - [`hour`]: what a node took of its machine in the last hour
//! - [`node`]: what is known of one node
//! - [`screen`]: the six screens, and what drawing finds out about their layout
//! - [`theme`]: the themes to choose from
//! - [`forms`]: questions, the palette, the form of a bid, notices
//! - [`login`]: the form of a login
//! - [`people`]: accounts and invitations
//! - [`invite`]: the form of an invitation, and its code
//! - [`new_session`]: the form of a new session, field by field
//! - [`scoring`]: what that form has besides where scores count
//! - [`field`]: a line of typed text, wiped when it goes

pub mod alert;
pub mod alerts;
pub mod answers;
pub mod approval;
pub mod audit;
pub mod cleared;
pub mod data;
pub mod field;
pub mod forms;
pub mod held;
pub mod hour;
pub mod invite;
pub mod live;
pub mod login;
pub mod model;
pub mod new_session;
pub mod node;
pub mod own;
pub mod people;
pub mod scoring;
pub mod screen;
pub mod stock;
pub mod surveyed;
pub mod theme;
pub mod worked;
