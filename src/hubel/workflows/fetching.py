"""ImageNet weights that the user asked for, fetched before hours are spent on what needs them."""

from __future__ import annotations

from collections.abc import Generator

from hubel.core.events import Progress
from hubel.core.language import say
from hubel.data.download import download
from hubel.data.network import DownloadError
from hubel.data.transfer import DEFAULT_PATIENCE, Patience, Remote
from hubel.models.registry import Entry
from hubel.models.weights import imagenet_weights, torchvision_file


def fetch_imagenet(
    entry: Entry, *, remote: Remote | None = None, patience: Patience = DEFAULT_PATIENCE
) -> Generator[Progress, None, None]:
    """Put torchvision's file into torch's own cache, where torchvision looks for it; timm fetches what it has by itself.

    What is there already is taken if its checksum fits, and fetched anew if it does not.

    Parameters
    ----------
    entry
        The network.
    remote
        The file; by default the one that torchvision names, with the beginning of the checksum that stands in its name.
    patience
        How long to wait.

    Raises
    ------
    ModelError
        When nobody has weights of that network.
    DownloadError
        When they cannot be fetched, or something else came.
    MissingExtraError
        When torchvision or requests is not installed.
    """
    library, _, name = imagenet_weights(entry).partition(":")
    if library != "torchvision":
        return
    url, file = torchvision_file(name)
    checksum = file.stem.rpartition("-")[2]
    try:
        yield from download(
            remote or Remote(file.name, (url,), (f"sha256:{checksum}",)), file.parent, patience=patience
        )
    except DownloadError as error:
        raise DownloadError(
            error.problem,
            error.place,
            error.detail,
            say(
                en=f"The ImageNet weights of {entry.name} could not be fetched. {error} Or give a file that you have in place of imagenet: "
                f"--weights FILE, or {file.name} in {file.parent}.",
                ko=f"{entry.name} 의 ImageNet 가중치를 받지 못했습니다. {error} 또는 imagenet 대신 가진 파일을 --weights 파일 로 지정하거나 "
                f"{file.name} 을(를) {file.parent} 에 두세요.",
            ),
        ) from error
