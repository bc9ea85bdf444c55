"""The audit log: who asked what and was told what, and who changed what; append-only and chained."""
