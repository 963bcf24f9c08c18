//! What is worth knowing about a picture that could be read all the same.

use std::path::PathBuf;

/// Why a picture that was read may not be what was meant. Each prints as one line that names the file.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum ImageWarning {
    /// The pixels are complete, but the file stops before the marker that should end it.
    #[error("{path} lacks its end marker; its pixels are complete and were read")]
    NoEndMarker {
        /// The file.
        path: PathBuf,
    },

    /// A checksum is wrong, while another one or the data's structure says that the pixels are sound.
    #[error("{path} has a wrong checksum; its pixels look sound and were read")]
    WrongChecksum {
        /// The file.
        path: PathBuf,
    },

    /// The decoder met contradictions, and went on as well as it could.
    #[error("{path} is damaged in places, which were filled in; copy or download it again")]
    Damaged {
        /// The file.
        path: PathBuf,
    },

    /// No pixel is visible: laid over a color, white unless told otherwise, the picture is a sheet of that color.
    #[error(
        "{path} is transparent everywhere, so it counts as an empty sheet; \
         save it without transparency (alpha channel)"
    )]
    Transparent {
        /// The file.
        path: PathBuf,
    },

    /// The color profile was not used; the pixels are as they are stored.
    #[error("the color profile of {path} was ignored ({reason}); its colors may be off")]
    ProfileIgnored {
        /// The file.
        path: PathBuf,
        /// What is the matter with the profile.
        reason: String,
    },
}
