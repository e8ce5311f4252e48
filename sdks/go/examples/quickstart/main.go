// Places a call, waits until it is over, and says what it cost.
//
//	SAUTIKIT_BASE_URL=http://127.0.0.1:4000 SAUTIKIT_API_KEY=skt_live_… go run ./examples/quickstart +254700000001 +254722000042
package main

import (
	"context"
	"fmt"
	"log"
	"os"

	"github.com/sautikit/sautikit-go"
)

func main() {
	client, err := sautikit.New()
	if err != nil {
		log.Fatal(err)
	}
	ctx := context.Background()
	accepted, err := client.Calls.Create(ctx, &sautikit.CreateCall{
		From:    os.Args[1],
		To:      []string{os.Args[2]},
		Actions: sautikit.NewVoiceResponse(sautikit.Say{Text: "Your parcel is at the gate."}, sautikit.Hangup{}).Actions(),
	})
	if err != nil {
		log.Fatal(err)
	}

	// Events come as they happen, until the call has ended and its cost is known.
	events := client.Calls.Stream(ctx, accepted.CallID, nil)
	defer events.Close()
	for events.Next() {
		fmt.Println(events.Current().Event)
	}
	if err := events.Err(); err != nil {
		log.Fatal(err)
	}

	call, err := client.Calls.Get(ctx, accepted.CallID)
	if err != nil {
		log.Fatal(err)
	}
	seconds, cost := sautikit.Value(call.DurationSeconds), sautikit.Value(call.CostMinor)
	fmt.Printf("%s, %d s, %s %d (minor units)\n", call.Status, seconds, call.Currency, cost)
}
