//! Layers: groups of keys that are active together.

/// A group of keys that is active together.
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Debug)]
pub enum Layer {
    /// Everywhere that no text is typed.
    Global,
    /// The list of auctions.
    Auctions,
    /// One auction's detail.
    Detail,
    /// The tournament and the result.
    Bracket,
    /// The nodes.
    Nodes,
    /// The list of auctions to bid in.
    Bid,
    /// The form of a bid.
    BidForm,
    /// The form of the answers to a survey.
    AnswerForm,
    /// The log.
    Log,
    /// Accounts and invitations.
    People,
    /// The command palette.
    Palette,
    /// The filter's field.
    Filter,
    /// The page of keys.
    Help,
    /// A question.
    Confirm,
    /// The form of a new session.
    NewSession,
    /// The form of a login.
    Login,
    /// A session's record.
    Audit,
    /// The form that asks where to write it.
    Path,
    /// Digest and fingerprints.
    Prints,
    /// The form of an invitation.
    Invite,
    /// The code of an invitation.
    Code,
    /// The variables that stay at the nodes.
    Variables,
    /// Models, and their stocks of material.
    Models,
    /// The batches of one model.
    Batches,
    /// A job that waits for the word of a node's operator.
    Approval,
}

impl Layer {
    /// Every layer.
    pub const ALL: [Self; 25] = [
        Self::Global,
        Self::Auctions,
        Self::Detail,
        Self::Bracket,
        Self::Nodes,
        Self::Bid,
        Self::BidForm,
        Self::AnswerForm,
        Self::Log,
        Self::People,
        Self::Palette,
        Self::Filter,
        Self::Help,
        Self::Confirm,
        Self::NewSession,
        Self::Login,
        Self::Audit,
        Self::Path,
        Self::Prints,
        Self::Invite,
        Self::Code,
        Self::Variables,
        Self::Models,
        Self::Batches,
        Self::Approval,
    ];

    /// Its name in the file of keys.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Global => "global",
            Self::Auctions => "auctions",
            Self::Detail => "detail",
            Self::Bracket => "bracket",
            Self::Nodes => "nodes",
            Self::Bid => "bid",
            Self::BidForm => "bid-form",
            Self::AnswerForm => "answer-form",
            Self::Log => "log",
            Self::People => "people",
            Self::Palette => "palette",
            Self::Filter => "filter",
            Self::Help => "help",
            Self::Confirm => "confirm",
            Self::NewSession => "new-session",
            Self::Login => "login",
            Self::Audit => "record",
            Self::Path => "path",
            Self::Prints => "fingerprints",
            Self::Invite => "invite",
            Self::Code => "code",
            Self::Variables => "variables",
            Self::Models => "models",
            Self::Batches => "batches",
            Self::Approval => "approval",
        }
    }

    /// Its heading on the page of keys.
    pub const fn title(self) -> &'static str {
        match self {
            Self::Global => "Everywhere",
            Self::Auctions => "List of auctions",
            Self::Detail => "One auction",
            Self::Bracket => "Bracket",
            Self::Nodes => "Nodes",
            Self::Bid => "Auctions to bid in",
            Self::BidForm => "Bid form",
            Self::AnswerForm => "Answers to a survey",
            Self::Log => "Log",
            Self::People => "Accounts and invitations",
            Self::Palette => "Command palette",
            Self::Filter => "Filter",
            Self::Help => "This page",
            Self::Confirm => "Question",
            Self::NewSession => "New session",
            Self::Login => "Log in",
            Self::Audit => "Record",
            Self::Path => "Where to write",
            Self::Prints => "Digest and fingerprints",
            Self::Invite => "Invite",
            Self::Code => "Code of an invitation",
            Self::Variables => "Variables that stay",
            Self::Models => "Models and stocks",
            Self::Batches => "Batches of a model",
            Self::Approval => "A job to let run",
        }
    }

    /// Whether a field gets the keys of characters before the table does.
    pub const fn takes_text(self) -> bool {
        matches!(
            self,
            Self::BidForm
                | Self::AnswerForm
                | Self::Palette
                | Self::Filter
                | Self::NewSession
                | Self::Login
                | Self::Path
                | Self::Invite
        )
    }

    /// Whether it covers the screen, so that only its own keys and those that leave count.
    pub const fn is_popup(self) -> bool {
        matches!(
            self,
            Self::Palette
                | Self::Filter
                | Self::Help
                | Self::Confirm
                | Self::NewSession
                | Self::Login
                | Self::Audit
                | Self::Path
                | Self::Prints
                | Self::Invite
                | Self::Code
                | Self::Variables
                | Self::Models
                | Self::Batches
                | Self::Approval
        )
    }
}
