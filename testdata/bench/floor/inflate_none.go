//go:build !libdeflate

package main

import "errors"

func (*pack) inflate(int) (int64, error) {
	return 0, errors.New("built without libdeflate: install libdeflate-dev and build with -tags libdeflate, or count only")
}
