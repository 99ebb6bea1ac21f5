"""What follows from the stored versions: counts, the latest, columns, and what search reads."""

from __future__ import annotations

from desktop.store import columns
from desktop.store.database import Transaction
from registrykit.artifacts import IMAGES

SEARCHED = "name, display_name, description, keywords, readme, images"
"""The columns of `search_text` and of the index over it."""
_MOST_IMAGES = 64 * 1024
"""Letters of the names of images that are searched of one artifact."""
_WITHOUT_README = (
    "SELECT json_extract(kind.value, '$.id') FROM plugin_state p,"
    " json_each(CAST(p.types AS TEXT)) type, json_each(type.value, '$.kinds') kind"
    " WHERE NOT json_extract(kind.value, '$.readme')"
)


def refresh(tx: Transaction) -> None:
    """Work out again what is derived, for the artifacts in `touched`, and their search rows."""
    tx.sql(
        "UPDATE artifact SET versions = (SELECT count(DISTINCT p.version) FROM version p"
        "   WHERE p.artifact_id = artifact.id AND p.state = 'present'),"
        " (latest, latest_id, latest_is_stable, deprecated) ="
        " (SELECT v.version, v.id, v.stable, v.deprecated"
        "   FROM version v WHERE v.artifact_id = artifact.id"
        "   ORDER BY v.state = 'present' DESC, v.stable DESC, v.sort_key DESC, v.id LIMIT 1)"
        " WHERE id IN (SELECT artifact_id FROM touched)"
    )
    columns.refresh(tx)
    refresh_search(tx)


def refresh_search(tx: Transaction) -> None:
    """Write anew what is searched of the artifacts in `touched`."""
    tx.sql(
        f"INSERT INTO search (search, rowid, {SEARCHED})"
        f" SELECT 'delete', artifact_id, {SEARCHED}"
        " FROM search_text WHERE artifact_id IN (SELECT artifact_id FROM touched)"
    )
    tx.sql("DELETE FROM search_text WHERE artifact_id IN (SELECT artifact_id FROM touched)")
    readme = (
        "(SELECT c.text FROM document d JOIN content c ON c.digest = d.digest"
        " WHERE d.version_id = a.latest_id AND d.name = 'readme' AND c.text <> '')"
    )
    tx.sql(
        f"INSERT INTO search_text (artifact_id, readme_state, {SEARCHED})"
        f" SELECT a.id, CASE WHEN EXISTS {readme} THEN 'here'"
        f" WHEN a.kind IN ({_WITHOUT_README}) THEN 'none' WHEN EXISTS"
        "   (SELECT 1 FROM document_state s"
        "     WHERE s.version_id = a.latest_id AND s.state = 'fetched') THEN 'none'"
        "   ELSE 'unknown' END,"
        f" a.name, a.display_name, a.description, a.keywords, ifnull({readme}, ''),"
        f" ifnull((SELECT substr(group_concat(i.value, char(10)), 1, {_MOST_IMAGES})"
        f"   FROM version v, json_each(CAST(v.body AS TEXT), '$.facts.{IMAGES}') i"
        "   WHERE v.id = a.latest_id AND i.type = 'text'), '')"
        " FROM artifact a JOIN registry r ON r.id = a.registry_id"
        " WHERE a.id IN (SELECT artifact_id FROM touched) AND a.versions > 0"
    )
    tx.sql(
        f"INSERT INTO search (rowid, {SEARCHED}) SELECT artifact_id, {SEARCHED}"
        " FROM search_text WHERE artifact_id IN (SELECT artifact_id FROM touched)"
    )
