module github.com/petrascan/petrascan/testdata/bench

go 1.26.0

require github.com/petrascan/petrascan v0.0.0

replace github.com/petrascan/petrascan => ../..
