"""The audit trail beyond the journal itself: anchors, verification, reading, receipts."""
