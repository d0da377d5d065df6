package cli

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"runtime"
	"slices"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"github.com/petrascan/petrascan/cmd/internal/config"
	"github.com/petrascan/petrascan/scanner"
)

// configFlags say which files speak for findings and for flags that were not
// given.
type configFlags struct {
	file           string
	none           bool
	from           string
	baseline       string
	showSuppressed bool

	set *pflag.FlagSet // of the command

	// What settle found.
	user     *config.Config // of --config, or the user's file
	shared   bool           // it is the user's file, which is for all repositories
	accepted []scanner.Allow
	origins  map[string]string // by flag: where its value is from, unless it is the default
}

func (f *configFlags) add(cmd *cobra.Command) {
	f.set = cmd.Flags()
	f.set.StringVar(&f.file, "config", "", "read this `FILE` instead of the user's configuration")
	f.set.BoolVar(&f.none, "no-config", false, "believe nothing that a scanned repository says for itself: "+config.Name+", "+config.BaselineName+", inline comments")
	f.set.StringVar(&f.from, "config-from", "", "read what a repository says for itself from revision `REV`, and ignore inline comments")
	f.set.StringVar(&f.baseline, "baseline", "", "leave out the keys of this `FILE`, too, a list of key ids")
	f.set.BoolVar(&f.showSuppressed, "show-suppressed", false, "list what was suppressed, and by what")
}

// settle gives every flag its value: from the command line, else from the
// environment, else from the file that --config names or the user has, else its
// default. Lists add up.
func (f *scanFlags) settle(env *Env) error {
	f.origins = map[string]string{}
	f.set.VisitAll(func(flag *pflag.Flag) {
		if flag.Changed {
			f.origins[flag.Name] = "--" + flag.Name
		}
	})
	for _, name := range config.Variables() {
		variable := config.Variable(name)
		if err := f.fill(name, variable, env.Getenv(variable)); err != nil {
			return err
		}
	}
	if f.none && f.configFlags.from != "" {
		return hinted("--config-from trusts one revision of what the repository says, --no-config nothing of it", "%s and %s exclude each other", f.origins["no-config"], f.origins["config-from"])
	}
	if err := f.readUser(env); err != nil {
		return err
	}
	for _, s := range f.user.Settings {
		if err := f.fill(config.Flag(s.Name), s.Origin, s.Value); err != nil {
			return err
		}
	}
	if f.timeout < 0 {
		return fmt.Errorf("%s: a time must not be negative", f.origins["timeout"])
	}
	f.outputs = append(f.outputs, f.user.List("output")...)
	return f.settleVoice()
}

// readBaseline reads the list of key ids that --baseline names.
func (f *configFlags) readBaseline(env *Env) error {
	if f.baseline == "" {
		return nil
	}
	data, err := os.ReadFile(resolve(env.Dir, f.baseline))
	if err != nil {
		return fmt.Errorf("baseline: %s: %w (named by %s)", f.baseline, bare(err), f.origins["baseline"])
	}
	f.accepted, err = config.ParseBaseline(f.baseline, data)
	return err
}

// fill gives one flag a value, unless it has one of higher rank.
func (f *scanFlags) fill(name, origin, value string) error {
	flag := f.set.Lookup(name)
	if flag == nil || value == "" || f.origins[name] != "" {
		return nil
	}
	if err := flag.Value.Set(value); err != nil {
		return fmt.Errorf("%s: %s: %w", origin, name, wrongValue(flag, err))
	}
	f.origins[name] = origin
	return nil
}

// readUser reads the file that --config names, or else the user's, if there is
// one.
func (f *configFlags) readUser(env *Env) error {
	f.user = &config.Config{}
	name := f.file
	if name == "" {
		if name = userFile(env); name == "" {
			return nil
		}
		f.shared = true
	}
	data, err := os.ReadFile(resolve(env.Dir, name))
	if f.shared && errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	if err != nil && !f.shared {
		return fmt.Errorf("configuration: %s: %w (named by %s)", name, bare(err), f.origins["config"])
	}
	if err != nil {
		return fmt.Errorf("configuration: %s: %w", name, bare(err))
	}
	f.user, err = config.Parse(name, data, config.User)
	return err
}

// userFile returns where the user's configuration is: below XDG_CONFIG_HOME, if
// that is an absolute path, as the XDG Base Directory Specification has it, else
// where the system keeps configuration; empty if that is not known.
func userFile(env *Env) string {
	dir := env.Getenv("XDG_CONFIG_HOME")
	if !filepath.IsAbs(dir) {
		switch home := env.Getenv("HOME"); {
		case runtime.GOOS == "windows":
			dir = env.Getenv("AppData")
		case home == "":
			return ""
		case runtime.GOOS == "darwin":
			dir = filepath.Join(home, "Library", "Application Support")
		default:
			dir = filepath.Join(home, ".config")
		}
	}
	if !filepath.IsAbs(dir) {
		return ""
	}
	return filepath.Join(dir, "petrascan", "config.toml")
}

// configure tells the scanner what the files say. Before settle they say
// nothing.
func (f *configFlags) configure(o *scanner.Options) error {
	if f.user == nil {
		return nil
	}
	o.Exclude = append(f.user.List("exclude"), o.Exclude...)
	o.Include = append(f.user.List("include"), o.Include...)
	o.Accept = f.user.List("accept")
	o.Allow = slices.Clone(f.user.Allow)
	for i := range o.Allow {
		o.Allow[i].Shared = f.shared
	}
	o.Baseline = f.accepted
	if !f.none {
		o.Own, o.OwnFrom = config.ReadOwn, f.from
	}
	set, err := o.Rules.With(f.user.Rules...)
	if err == nil {
		o.Rules = set
	}
	return err
}
