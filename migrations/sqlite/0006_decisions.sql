-- The rejection or the undo because of which a change is not made; NULL while it waits for approval.
ALTER TABLE held_changes ADD COLUMN decision_run_id BIGINT;
UPDATE held_changes SET decision_run_id = first_run_id WHERE state = 'undone';
-- The last rejection of a run that showed the change.
UPDATE held_changes SET decision_run_id = (
    SELECT max(r.id) FROM runs r JOIN runs s ON s.id = r.subject_run_id
    WHERE r.kind = 'hand' AND s.connector_id = held_changes.connector_id
      AND s.id BETWEEN held_changes.first_run_id AND held_changes.last_run_id)
WHERE state = 'rejected';
CREATE INDEX held_changes_by_decision ON held_changes (decision_run_id) WHERE decision_run_id IS NOT NULL;
