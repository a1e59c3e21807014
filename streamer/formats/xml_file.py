"""XML files, with one voice for what is wrong."""

from pathlib import Path
from xml.etree import ElementTree

from streamer.exceptions import FormatError

__all__ = ["read_xml"]


def read_xml(path: Path) -> ElementTree.Element:
    """Read a file and return its root.

    Raises
    ------
    FormatError
        If it is missing, cannot be read or is no XML.
    """
    try:
        with path.open("rb") as file:
            return ElementTree.parse(file).getroot()
    except FileNotFoundError:
        raise FormatError(path, "no such file", "check the path") from None
    except OSError as error:
        raise FormatError(path, f"cannot be read ({error.strerror})", "check the path") from error
    # the latter two: an encoding that it declares and the parser does not have
    except (ElementTree.ParseError, LookupError, ValueError) as error:
        raise FormatError(path, f"not valid XML ({error})", "repair or export it again") from None
