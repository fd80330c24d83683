# Random-effects fits one by one, as a user of metafor would write them.
#
# Rscript --vanilla metafor.R FOLDER REPEATS
# FOLDER holds sizes.txt, yi.txt and vi.txt, one number a line. Prints the version, the CPU seconds
# of each repeat over all analyses (loading not counted), and one line "mu tau2" per analysis, NA
# where rma() stopped with an error.
suppressMessages(library(metafor))
arguments <- commandArgs(trailingOnly = TRUE)
read <- function(name) scan(file.path(arguments[1], name), quiet = TRUE)
sizes <- read("sizes.txt")
group <- rep(seq_along(sizes), sizes)
yi <- split(read("yi.txt"), group)
vi <- split(read("vi.txt"), group)
fit <- function(i) {
  tryCatch({
    model <- suppressWarnings(rma(yi[[i]], vi[[i]], method = "REML", test = "knha"))
    c(model$beta, model$tau2)
  }, error = function(e) c(NA, NA))
}
invisible(fit(1)) # the first call compiles
cat(as.character(packageVersion("metafor")), "\n")
for (r in seq_len(as.integer(arguments[2]))) {
  before <- proc.time()
  found <- vapply(seq_along(sizes), fit, numeric(2))
  after <- proc.time()
  cat(sum((after - before)[c("user.self", "sys.self")]), "")
}
cat("\n")
cat(sprintf("%.17g %.17g\n", found[1, ], found[2, ]), sep = "")
