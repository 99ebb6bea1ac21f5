"""What follows from the stored versions: counts, the latest, and the rows that search reads."""

from __future__ import annotations

from desktop.store.database import Transaction


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
    tx.sql(
        "INSERT INTO search (search, rowid, name, display_name, description, keywords, readme)"
        " SELECT 'delete', artifact_id, name, display_name, description, keywords, readme"
        " FROM search_text WHERE artifact_id IN (SELECT artifact_id FROM touched)"
    )
    tx.sql("DELETE FROM search_text WHERE artifact_id IN (SELECT artifact_id FROM touched)")
    tx.sql(
        "INSERT INTO search_text (artifact_id, name, display_name, description, keywords, readme)"
        " SELECT a.id, a.name, a.display_name, a.description, a.keywords,"
        " ifnull((SELECT c.text FROM document d JOIN content c ON c.digest = d.digest"
        "   WHERE d.version_id = a.latest_id AND d.name = 'readme'), '')"
        " FROM artifact a JOIN registry r ON r.id = a.registry_id"
        " WHERE a.id IN (SELECT artifact_id FROM touched) AND a.versions > 0"
    )
    tx.sql(
        "INSERT INTO search (rowid, name, display_name, description, keywords, readme)"
        " SELECT artifact_id, name, display_name, description, keywords, readme"
        " FROM search_text WHERE artifact_id IN (SELECT artifact_id FROM touched)"
    )
