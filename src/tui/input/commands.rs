//! Every command, by the layer that takes it. Each enum has one handler in
//! [`update`](crate::tui::update), an exhaustive match, so that a command nobody handles does not
//! compile; its name and keys are in the [table](super::table), which does not compile without it
//! either.

/// What a key or the palette can ask for.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub enum Command {
    /// A step of the selected session.
    Step(Step),
    /// In the list of auctions and in one's detail or bracket.
    List(ListCommand),
    /// In the list of auctions to bid in.
    Bids(BidsCommand),
    /// In the form of a bid.
    BidForm(BidFormCommand),
    /// In the form of the answers to a survey.
    AnswerForm(AnswerFormCommand),
    /// In the log.
    Log(LogCommand),
    /// Among accounts and invitations.
    People(PeopleCommand),
    /// In the form of an invitation.
    Invite(InviteCommand),
    /// While the code of an invitation is shown.
    Code(CodeCommand),
    /// Moving about, in any list.
    Move(Move),
    /// While a question is asked.
    Confirm(ConfirmCommand),
    /// In the form of a new session.
    NewSession(NewSessionCommand),
    /// In the form of a login.
    Login(LoginCommand),
    /// While a record is looked at.
    Audit(AuditCommand),
    /// While digest and fingerprints are shown.
    Prints(PrintsCommand),
    /// In the form that asks where to write it.
    Path(PathCommand),
    /// While the variables that stay are looked at.
    Variables(VariablesCommand),
    /// While models and their stocks are looked at.
    Models(ModelsCommand),
    /// While the batches of one are looked at.
    Batches(BatchesCommand),
    /// While a job is to be let run.
    Approval(ApprovalCommand),
    /// In the palette.
    Palette(PaletteCommand),
    /// While the filter is typed.
    Filter(FilterCommand),
    /// On the page of keys.
    Help(HelpCommand),
    /// Everywhere.
    Global(GlobalCommand),
}

/// A step that changes a session; the coordinator takes it.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub enum Step {
    /// Open a draft for bids.
    Open,
    /// Take no bids for a while.
    Pause,
    /// Let bids come in again.
    Resume,
    /// End bidding.
    Close,
    /// Try again.
    Retry,
    /// Call it off.
    Cancel,
}

/// In the list of auctions and in one's detail or bracket.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub enum ListCommand {
    /// Bid in the selected auction.
    Bid,
    /// A new session.
    New,
    /// Change the selected draft.
    Edit,
    /// See the bracket of the selected auction.
    ShowBracket,
    /// Go to the detail.
    Enter,
    /// Back to the list.
    Back,
    /// Filter the list, the bidders, or the log.
    Filter,
    /// Filter no more.
    ShowAll,
    /// Sort by another column.
    Sort,
    /// Sort the other way round.
    Reverse,
    /// The session before.
    Previous,
    /// The session after.
    Next,
    /// Look back at the run: the step before.
    Earlier,
    /// The step after it; after the last one, the result.
    Later,
    /// Look back no more.
    Result,
    /// Write the record.
    Record,
    /// Write the result as a table.
    Table,
    /// Check the record here.
    Audit,
    /// Let the selected job run at the own node.
    Approve,
}

/// In the list of auctions to bid in.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub enum BidsCommand {
    /// Begin to bid.
    Edit,
    /// Send the envelope again.
    Resend,
}

/// In the form of a bid.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub enum BidFormCommand {
    /// Hand the bid in.
    Send,
    /// Show or hide the amount.
    Reveal,
    /// Leave the form.
    Leave,
}

/// In the form of the answers to a survey.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub enum AnswerFormCommand {
    /// Hand the answers in, or go where something is missing.
    Send,
    /// To the next row.
    Next,
    /// To the row before.
    Previous,
    /// The next cohort; in typed text, a step to the right.
    Change,
    /// The cohort before; in typed text, a step to the left.
    ChangeBack,
    /// Show or hide the answers.
    Reveal,
    /// Leave the form.
    Leave,
}

/// In the log.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub enum LogCommand {
    /// Follow the end of the log.
    Follow,
    /// Show another level.
    Level,
    /// Only the selected session, or all.
    OnlySelected,
}

/// Among accounts and invitations.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub enum PeopleCommand {
    /// Make an invitation.
    Invite,
    /// Take the selected invitation back.
    Revoke,
    /// Take every invitation back that nobody has used.
    RevokeUnused,
    /// Disable the selected account.
    Disable,
    /// Enable it again.
    Enable,
}

/// In the form of an invitation.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub enum InviteCommand {
    /// To the next field.
    Turn,
    /// Make it.
    Submit,
    /// Leave the form.
    Leave,
}

/// While the code of an invitation is shown.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub enum CodeCommand {
    /// Copy it.
    Copy,
    /// Leave it for good.
    Leave,
}

/// Moving about, in any list.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub enum Move {
    /// A row up.
    Up,
    /// A row down.
    Down,
    /// A page up.
    PageUp,
    /// A page down.
    PageDown,
    /// To the top.
    Top,
    /// To the bottom.
    Bottom,
}

/// While a question is asked.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub enum ConfirmCommand {
    /// Do it.
    Yes,
    /// Leave everything as it is.
    No,
}

/// In the form of a new session.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub enum NewSessionCommand {
    /// To the next field.
    NextField,
    /// To the field before.
    PreviousField,
    /// Change a choice.
    Change,
    /// Write the session.
    Submit,
    /// Leave the form.
    Discard,
}

/// While a record is looked at.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub enum AuditCommand {
    /// Copy what the selected row is about.
    Copy,
    /// Write the record or the result.
    Write,
    /// Leave it.
    Leave,
}

/// While the variables that stay are looked at.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub enum VariablesCommand {
    /// Have the nodes forget the selected one.
    Forget,
    /// Copy its version.
    Copy,
    /// Leave them.
    Leave,
}

/// While models and their stocks are looked at.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub enum ModelsCommand {
    /// Look at the batches of the selected one.
    Open,
    /// Take it back.
    Withdraw,
    /// Copy its id.
    Copy,
    /// Leave them.
    Leave,
}

/// While the batches of one model are looked at.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub enum BatchesCommand {
    /// Copy the id of the selected one.
    Copy,
    /// Back to the models.
    Leave,
}

/// While a job is to be let run.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub enum ApprovalCommand {
    /// Let it run.
    Approve,
    /// Not now.
    Leave,
}

/// In the form that asks where to write a record.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub enum PathCommand {
    /// Write.
    Submit,
    /// Leave the form.
    Leave,
}

/// While digest and fingerprints are shown.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub enum PrintsCommand {
    /// The one above.
    Up,
    /// The one below.
    Down,
    /// Copy the selected one.
    Copy,
    /// Leave them.
    Leave,
}

/// In the form of a login.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub enum LoginCommand {
    /// To the other field.
    Turn,
    /// Log in.
    Submit,
    /// Leave the form.
    Leave,
}

/// In the palette.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub enum PaletteCommand {
    /// Do what is selected.
    Run,
    /// To the choice above.
    Up,
    /// To the choice below.
    Down,
    /// Leave the palette.
    Leave,
}

/// While the filter is typed.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub enum FilterCommand {
    /// Keep it and go to the list.
    Keep,
    /// Show everything again.
    Drop,
}

/// On the page of keys.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub enum HelpCommand {
    /// Leave the page.
    Leave,
}

/// Everywhere.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub enum GlobalCommand {
    /// To the auctions.
    Auctions,
    /// To the tournament and the result.
    Bracket,
    /// To the nodes.
    Nodes,
    /// To one's own bids.
    Bids,
    /// To the log.
    Log,
    /// To accounts and invitations.
    People,
    /// To the next screen.
    NextScreen,
    /// To the screen before.
    PreviousScreen,
    /// The page of keys.
    Keys,
    /// The palette.
    Palette,
    /// Stop the display, or let it go on.
    Pause,
    /// One pane only, or all.
    Enlarge,
    /// Hide names, or show them.
    Mask,
    /// Copy what is selected.
    Copy,
    /// Digest and fingerprints.
    Prints,
    /// The variables that stay at the nodes.
    Variables,
    /// Models, and their stocks of material.
    Models,
    /// Log in, or as somebody else.
    LogIn,
    /// Ask the servers again.
    Refresh,
    /// Another theme.
    NextTheme,
    /// Draw all again.
    Redraw,
    /// To the shell.
    Suspend,
    /// Leave, and ask first where something would be interrupted.
    Quit,
    /// Leave from anywhere.
    Leave,
}

macro_rules! into_command {
    ($($layer:ident($command:ty)),* $(,)?) => {
        $(impl From<$command> for Command {
            fn from(command: $command) -> Self {
                Self::$layer(command)
            }
        })*
    };
}

into_command! {
    Login(LoginCommand),
    Audit(AuditCommand),
    Path(PathCommand),
    Prints(PrintsCommand),
    Variables(VariablesCommand),
    Models(ModelsCommand),
    Batches(BatchesCommand),
    Approval(ApprovalCommand),
    Step(Step),
    List(ListCommand),
    Bids(BidsCommand),
    BidForm(BidFormCommand),
    AnswerForm(AnswerFormCommand),
    Log(LogCommand),
    People(PeopleCommand),
    Invite(InviteCommand),
    Code(CodeCommand),
    Move(Move),
    Confirm(ConfirmCommand),
    NewSession(NewSessionCommand),
    Palette(PaletteCommand),
    Filter(FilterCommand),
    Help(HelpCommand),
    Global(GlobalCommand),
}
