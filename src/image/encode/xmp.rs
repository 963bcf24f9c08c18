//! XMP packets: what made a picture, in a form that every format with metadata holds and every program passes on.

use crate::image::density::Density;

/// The name of a record, under the namespace below.
const RUN: &str = "impasto:run";
const NAMESPACE: &str = "urn:impasto:1.0:";

/// A packet with a record of what made the picture, and its density for formats that have no other place for it.
pub(super) fn packet(record: &str, density: Option<Density>) -> String {
    let density = density.map_or_else(String::new, |Density { across, down }| {
        let [across, down] = [across, down].map(|density| (100.0 * density).round());
        format!(
            " xmlns:tiff=\"http://ns.adobe.com/tiff/1.0/\" tiff:XResolution=\"{across}/100\" \
             tiff:YResolution=\"{down}/100\" tiff:ResolutionUnit=\"2\""
        )
    });
    format!(
        "<?xpacket begin=\"\u{feff}\" id=\"W5M0MpCehiHzreSzNTczkc9d\"?>\n\
         <x:xmpmeta xmlns:x=\"adobe:ns:meta/\">\n\
         <rdf:RDF xmlns:rdf=\"http://www.w3.org/1999/02/22-rdf-syntax-ns#\">\n\
         <rdf:Description rdf:about=\"\" xmlns:xmp=\"http://ns.adobe.com/xap/1.0/\" xmp:CreatorTool=\"impasto {}\"{density} \
         xmlns:impasto=\"{NAMESPACE}\" {RUN}=\"{}\"/>\n\
         </rdf:RDF>\n\
         </x:xmpmeta>\n\
         <?xpacket end=\"r\"?>",
        env!("CARGO_PKG_VERSION"),
        escaped(record)
    )
}

/// The record in a packet that is ours, or that another program made of ours: as an attribute or an element.
pub(in crate::image) fn record(packet: &[u8]) -> Option<String> {
    let packet = String::from_utf8_lossy(packet);
    let (_, after) = packet.split_once(RUN)?;
    let after = after.trim_start();
    let text = match after.strip_prefix('=').map(str::trim_start) {
        Some(value) => {
            let quote = value.chars().next().filter(|quote| matches!(quote, '"' | '\''))?;
            value[1..].split(quote).next()?
        }
        None => after.strip_prefix('>')?.split('<').next()?,
    };
    Some(plain(text))
}

fn escaped(text: &str) -> String {
    text.chars().fold(String::with_capacity(text.len()), |mut escaped, character| {
        match character {
            '&' => escaped.push_str("&amp;"),
            '<' => escaped.push_str("&lt;"),
            '>' => escaped.push_str("&gt;"),
            '"' => escaped.push_str("&quot;"),
            // Attributes lose line breaks and tabs, and XML has no other control characters.
            '\n' | '\t' | '\r' => escaped.push_str(&format!("&#{};", character as u32)),
            other if other.is_control() => escaped.push('\u{fffd}'),
            other => escaped.push(other),
        }
        escaped
    })
}

fn plain(text: &str) -> String {
    let mut plain = String::with_capacity(text.len());
    let mut rest = text;
    while let Some((before, after)) = rest.split_once('&') {
        plain.push_str(before);
        let Some((name, behind)) = after.split_once(';') else {
            plain.push('&');
            rest = after;
            continue;
        };
        let number = |digits: &str, radix| u32::from_str_radix(digits, radix).ok().and_then(char::from_u32);
        let character = match name {
            "amp" => Some('&'),
            "lt" => Some('<'),
            "gt" => Some('>'),
            "quot" => Some('"'),
            "apos" => Some('\''),
            _ => match name.strip_prefix("#x") {
                Some(digits) => number(digits, 16),
                None => name.strip_prefix('#').and_then(|digits| number(digits, 10)),
            },
        };
        match character {
            Some(character) => {
                plain.push(character);
                rest = behind;
            }
            None => {
                plain.push('&');
                rest = after;
            }
        }
    }
    plain + rest
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn records_come_back() {
        for text in ["{\"a\": 1}", "<&>\"'\n\t\r ü &amp; &#x; 1 & 2", "", "impasto:run=\"x\""] {
            let packet = packet(text, Density::per_inch(300.0, 72.0));
            assert_eq!(record(packet.as_bytes()).as_deref(), Some(text), "{packet}");
        }
    }

    #[test]
    fn other_spellings_are_read_and_damage_is_none() {
        let read = |packet: &str| record(packet.as_bytes());
        assert_eq!(read("<impasto:run>a &lt; b</impasto:run>").as_deref(), Some("a < b"));
        assert_eq!(read("impasto:run = 'a\"b'").as_deref(), Some("a\"b"));
        for damaged in ["", "impasto:run", "impasto:run=", "impasto:run=x", "impasto:run ü"] {
            assert_eq!(read(damaged), None, "{damaged}");
        }
        assert_eq!(read("impasto:run=\"cut off").as_deref(), Some("cut off"));
    }
}
