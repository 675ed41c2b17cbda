// Command shop is a REST app over a database. It serves http://localhost:5000,
// or the URLs of WINDHOVER_URLS; README.md builds it step by step.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"log/slog"
	"os"

	"github.com/windhover-go/windhover/sdk"
)

func main() {
	path := flag.String("db", "shop.db", "the file of the database")
	admin := flag.String("admin", "", "make an administrator with this name, print the token and end")
	flag.Parse()
	if err := run(context.Background(), *path, *admin); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

// run serves the shop until the process is asked to end. When sdk.Run returns,
// no function of the app runs any more, and the database can be closed.
func run(ctx context.Context, path, admin string) (err error) {
	shop, err := Open(ctx, path, slog.New(slog.NewTextHandler(os.Stderr, nil)))
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, shop.Close()) }()
	if admin == "" {
		return sdk.Run(NewPipeline(shop))
	}
	made, err := shop.addCustomer(ctx, admin, true)
	if err != nil {
		return err
	}
	fmt.Println(made.Token)
	return nil
}
