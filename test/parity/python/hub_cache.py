"""Looks for models in a Hugging Face cache, offline: a JSON list of [name, revision] in; of each the snapshot's
directory, the path of its config.json and its size by the cache's own inventory out."""

import json
import sys

from huggingface_hub import hf_hub_download, scan_cache_dir, snapshot_download

sizes = {repository.repo_id: repository.size_on_disk for repository in scan_cache_dir().repos}

json.dump(
    [
        {
            "directory": snapshot_download(name, revision=revision, local_files_only=True),
            "config": hf_hub_download(name, "config.json", revision=revision, local_files_only=True),
            "size": sizes[name],
        }
        for name, revision in json.load(sys.stdin)
    ],
    sys.stdout,
)
