// The Go client against sio-conformance: `check polling|websocket|upgrade URL`. Exits 0 when every
// check held; says which one did not.
package main

import (
	"fmt"
	"os"
	"reflect"
	"time"

	client "github.com/zishang520/socket.io/clients/engine/v3/transports"
	"github.com/zishang520/socket.io/clients/socket/v3"
	"github.com/zishang520/socket.io/v3/pkg/types"
)

const limit = 20 * time.Second

func expect(what string, found, wanted any) {
	if !reflect.DeepEqual(found, wanted) {
		fmt.Fprintf(os.Stderr, "%s: %#v is not %#v\n", what, found, wanted)
		os.Exit(1)
	}
}

func wait[T any](what string, from <-chan T) T {
	select {
	case value := <-from:
		return value
	case <-time.After(limit):
		fmt.Fprintf(os.Stderr, "%s did not come\n", what)
		os.Exit(1)
		panic("unreachable")
	}
}

// What comes with an event, in order.
func listen(link *socket.Socket, event string) <-chan []any {
	came := make(chan []any, 256)
	_ = link.On(types.EventName(event), func(values ...any) { came <- values })
	return came
}

func ask(link *socket.Socket, event string, values ...any) []any {
	answer := make(chan []any, 1)
	link.EmitWithAck(event, values...)(func(values []any, _ error) { answer <- values })
	return wait("the ack of "+event, answer)
}

func options(mode string) *socket.Options {
	made := socket.DefaultOptions()
	made.SetAuth(map[string]any{"token": "secret"})
	made.SetForceNew(true)
	switch mode {
	case "polling":
		made.SetTransports(types.NewSet(client.Polling))
	case "websocket":
		made.SetTransports(types.NewSet(client.WebSocket))
	default:
		made.SetTransports(types.NewSet(client.Polling, client.WebSocket))
	}
	return made
}

func bytesOf(value any) []byte {
	switch held := value.(type) {
	case []byte:
		return held
	case interface{ Bytes() []byte }:
		return held.Bytes()
	}
	return nil
}

func main() {
	mode, url := os.Args[1], os.Args[2]
	link, err := socket.Connect(url, options(mode))
	expect("the options", err, nil)
	greeting, back := listen(link, "auth"), listen(link, "message-back")
	said, gone, data := listen(link, "said"), listen(link, "disconnect"), listen(link, "bindata")

	expect("the greeting", wait("the greeting", greeting), []any{map[string]any{"token": "secret"}})
	expect("the length of the id", len(link.Id()), 20)

	_ = link.Emit("message", "one", map[string]any{"two": true}, "ü")
	expect("an event", wait("an event", back), []any{"one", map[string]any{"two": true}, "ü"})
	expect("an ack", ask(link, "message-with-ack", "x"), []any{"x"})
	expect("the first of two acks", ask(link, "twice-ack"), []any{"first"})

	_ = link.Emit("message", []byte{1, 2, 255})
	expect("bytes", bytesOf(wait("bytes", back)[0]), []byte{1, 2, 255})
	_ = link.Emit("bin")
	expect("bytes from the server", bytesOf(wait("bindata", data)[0]), []byte{1, 2, 3})

	expect("a room", ask(link, "join", "r"), []any{"ok"})
	_ = link.Emit("say", "r", "hello")
	expect("what is said in it", wait("what is said", said), []any{"hello"})

	_ = link.Emit("kick", true)
	// It may hear the end of the link before the DISCONNECT that came in front of it.
	wait("the end", gone)
}
