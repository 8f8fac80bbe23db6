/** A thread that ends before its first task. */

process.exit(1)
