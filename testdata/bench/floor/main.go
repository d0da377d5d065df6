package main

import (
	"encoding/json"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"runtime"
)

func main() {
	jobs := flag.Int("jobs", runtime.NumCPU(), "threads that inflate")
	count := flag.Bool("count", false, "count entries and their inflated size from the entries' headers, inflate nothing")
	flag.Usage = func() {
		fmt.Fprintf(flag.CommandLine.Output(), "usage: floor [-jobs N] [-count] REPO\n\nInflates every entry of REPO's packs once and prints what that was as JSON.\n\n")
		flag.PrintDefaults()
	}
	flag.Parse()
	if flag.NArg() != 1 {
		flag.Usage()
		os.Exit(2)
	}
	if err := run(flag.Arg(0), *jobs, *count); err != nil {
		fmt.Fprintln(os.Stderr, "floor:", err)
		os.Exit(1)
	}
}

// Stats is what the program prints.
type Stats struct {
	Packs     int   `json:"packs"`
	PackBytes int64 `json:"pack_bytes"`
	Entries   int64 `json:"entries"`  // of all packs, deltas included
	Inflated  int64 `json:"inflated"` // bytes that all entries have after inflating, deltas not applied
	Loose     int   `json:"loose"`    // loose objects, which are not part of the floor
}

func run(repo string, jobs int, count bool) error {
	objects, err := objectsDir(repo)
	if err != nil {
		return err
	}
	names, err := filepath.Glob(filepath.Join(objects, "pack", "pack-*.pack"))
	if err != nil {
		return err
	}
	stats := Stats{Packs: len(names)}
	for _, name := range names {
		p, err := openPack(name)
		if err != nil {
			return fmt.Errorf("%s: %w", filepath.Base(name), err)
		}
		work := p.inflate
		if count {
			work = p.count
		}
		bytes, err := work(jobs)
		if err != nil {
			return fmt.Errorf("%s: %w", filepath.Base(name), err)
		}
		stats.PackBytes += int64(len(p.data))
		stats.Entries += int64(len(p.offsets))
		stats.Inflated += bytes
	}
	loose, err := filepath.Glob(filepath.Join(objects, "[0-9a-f][0-9a-f]", "*"))
	if err != nil {
		return err
	}
	stats.Loose = len(loose)
	return json.NewEncoder(os.Stdout).Encode(stats)
}

// objectsDir returns the object store of a bare repository or of a work tree
// with a .git directory.
func objectsDir(repo string) (string, error) {
	for _, dir := range []string{filepath.Join(repo, "objects"), filepath.Join(repo, ".git", "objects")} {
		if info, err := os.Stat(dir); err == nil && info.IsDir() {
			return dir, nil
		}
	}
	return "", fmt.Errorf("%s has neither objects nor .git/objects: give a bare repository or a work tree", repo)
}
