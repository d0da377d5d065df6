package scanner

import (
	"fmt"
	"time"

	"github.com/petrascan/petrascan/scanner/internal/cache"
)

// A CacheUse says what [Options].CacheDir holds.
type CacheUse struct {
	Entries int // packs remembered
	Bytes   int64
	// Oldest and Newest are when the entries were last used, to the day. They are
	// zero without entries.
	Oldest, Newest time.Time
}

// ReadCache tells what the cache directory holds. One that does not exist is
// empty.
func ReadCache(dir string) (CacheUse, error) {
	files, err := cache.Files(dir)
	if err != nil {
		return CacheUse{}, fmt.Errorf("read the cache: %w", err)
	}
	return use(files), nil
}

// ClearCache removes every entry from the cache directory and tells what they
// were. Other files in it stay. A scan that is under way is not harmed.
func ClearCache(dir string) (CacheUse, error) {
	files, err := cache.Clear(dir)
	if err != nil {
		err = fmt.Errorf("clear the cache: %w", err)
	}
	return use(files), err
}

// use sums up files, which are sorted by when they were used, latest first.
func use(files []cache.File) CacheUse {
	u := CacheUse{}
	for _, f := range files {
		u.Bytes += f.Size
		if !f.Story {
			u.Entries++
		}
	}
	if len(files) > 0 {
		u.Newest, u.Oldest = files[0].Used, files[len(files)-1].Used
	}
	return u
}
