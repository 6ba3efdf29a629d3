"""The sizes of the small network that most tests use; the fixtures `net` and `inputs` have them."""

SIZES = dict(
    input_size=5, output_size=4, hidden_size=8, memory_slots=6, word_size=3, read_heads=2, write_heads=2, batch_size=3
)
X, Y, H, N, W, R, K, B = SIZES.values()
L, T = 1, 4
