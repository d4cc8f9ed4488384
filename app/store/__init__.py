"""The store: engine and transactions, tables, queries, content-addressed blobs."""
