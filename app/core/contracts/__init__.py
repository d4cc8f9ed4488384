"""Public record contracts: pure functions of public inputs, one module each, and the schemas that they fit.

    shape                what all share: names, versions, addresses, headers, schemas
    verification_levels  how far a record's claims were followed up (the ladder is `app.core.levels`)
    quality_dimensions   eight triage signals
    quality_tiers        a triage tier by published thresholds
    review_monitor       what would call for another look
    correction_record    corrections, which only add
    source_provenance    where a record comes from
    math_result          the state of a mathematical statement
    benchmark_evidence   what sources report for a model on a benchmark
    paper_manifest       all of it in one document

The gate verdict, which the verdicts decide, is `app.core.gate`.
"""
