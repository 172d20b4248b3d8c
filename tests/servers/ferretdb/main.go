// A stand-in for MongoDB that keeps what it acknowledged when it is killed: FerretDB over SQLite.
//
//	ferretdb DIRECTORY PORT
//
// Says "ready mongodb://127.0.0.1:PORT" and serves until its standard input ends.
package main

import (
	"context"
	"fmt"
	"io"
	"os"

	"github.com/FerretDB/FerretDB/ferretdb"
)

func main() {
	database, err := ferretdb.New(&ferretdb.Config{
		Listener:  ferretdb.ListenerConfig{TCP: "127.0.0.1:" + os.Args[2]},
		Handler:   "sqlite",
		SQLiteURL: "file:" + os.Args[1] + "/",
	})
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
	serving, stop := context.WithCancel(context.Background())
	go func() {
		io.Copy(io.Discard, os.Stdin)
		stop()
	}()
	fmt.Println("ready " + database.MongoDBURI())
	database.Run(serving)
}
