import CDNC
import CPlatform
import Foundation
import Testing

@testable import DNC

@Suite struct RandomTests {
  /// The first numbers that the authors' C code gives for SplitMix64 with seed 1234567, and for xoshiro256** in the state
  /// 1, 2, 3, 4.
  @Test func publishedNumbers() {
    var splitMix: UInt64 = 1_234_567
    let expected: [UInt64] = [
      6_457_827_717_110_365_317, 3_203_168_211_198_807_973, 9_817_491_932_198_370_423, 4_593_380_528_125_082_431,
      16_408_922_859_458_223_821,
    ]
    #expect((0..<5).map { _ in Random.splitMix64(&splitMix) } == expected)
    var xoshiro = Random(state: (1, 2, 3, 4))
    #expect((0..<4).map { _ in xoshiro.next() } == [11520, 0, 1_509_978_240, 1_215_971_899_390_074_240])
  }

  @Test func belowIsUniform() {
    var random = Random(seed: 1)
    var counts = [Int](repeating: 0, count: 7)
    for _ in 0..<70_000 { counts[random.below(7)] += 1 }
    #expect(counts.allSatisfy { abs($0 - 10_000) < 500 })
  }
}

@Suite struct TextTests {
  private func written(_ capacity: Int = 64, _ body: (inout Text) -> Void) -> String {
    var buffer = [CChar](repeating: 1, count: capacity)
    return buffer.withUnsafeMutableBufferPointer {
      var text = Text(start: $0.baseAddress!, capacity: capacity)
      body(&text)
      return String(cString: $0.baseAddress!)
    }
  }

  @Test func numbers() {
    #expect(written { $0.append(UInt64.max) } == "18446744073709551615")
    #expect(written { $0.append(Int.min) } == "-9223372036854775808")
    #expect(written { $0.append(0) } == "0")
    #expect(written { $0.append(0.1) } == "0.1")
    #expect(written { $0.append(Double.nan) } == "nan")
    #expect(written { $0.append(-1e-30) } == "-1e-30")
  }

  @Test func whatDoesNotFitIsCutOff() {
    #expect(written(5) { $0.append("abcdefgh") } == "abcd")
    #expect(written(1) { $0.append("abc") } == "")
  }

  private func parsed(_ text: String) -> Double? { Array(text.utf8).withUnsafeBytes { Double(decimal: $0) } }

  @Test func everyFloatComesBack() {
    var random = Random(seed: 5)
    for _ in 0..<20_000 {
      let value = Float(bitPattern: UInt32(truncatingIfNeeded: random.next()))
      guard value.isFinite else { continue }
      let text = written { $0.append(Double(value), digits: 9) }
      #expect(parsed(text).map { Float($0) } == value, "\(text)")
    }
  }

  @Test func decimals() {
    #expect(parsed("12.5e-1") == 1.25)
    #expect(parsed("-3") == -3)
    #expect(parsed("1e999999999") == .infinity)
    #expect(parsed("123456789012345678901234567890") == 123456789012345677877719597056)
    for text in ["", "-", ".", "e5", "1e", "1e+", "1 ", "0x10", "nan", "1,5", "--1"] {
      #expect(parsed(text) == nil, "\(text)")
    }
  }
}

@Suite struct JSONReaderTests {
  private func reads(_ text: String, _ body: (inout JSONReader) throws -> Void) -> Bool {
    Array(text.utf8).withUnsafeBytes { bytes in
      var reader = JSONReader(bytes)
      do {
        try body(&reader)
        try reader.end()
        return true
      } catch { return false }
    }
  }

  @Test func accepts() {
    let texts = [
      "{}", " { } ", "[]", "[1, 2.5e-3, -4, true, false, null]", "{\"a\": {\"b\": [\"c\\\"d\", {}]}, \"e\": 1}",
      "\"\u{e9}\"", "[[[[[[]]]]]]",
    ]
    for text in texts { #expect(reads(text) { try $0.skip() }, "\(text)") }
  }

  @Test func rejects() {
    let texts = [
      "", "{", "}", "[", "{\"a\"}", "{\"a\":}", "{\"a\":1,}", "{a:1}", "[1,]", "[1 2]", "\"", "\"\\", "\"\n\"", "{}x",
      String(repeating: "[", count: 100_000), String(repeating: "{\"a\":", count: 1000),
    ]
    for text in texts { #expect(!reads(text) { try $0.skip() }, "\(text.prefix(20))") }
  }

  @Test func counts() {
    func count(_ text: String) -> Int? {
      var value: Int?
      let read = reads(text) { value = try $0.count() }
      return read ? value : nil
    }
    #expect(count(" 12 ") == 12)
    #expect(count("9223372036854775807") == Int.max)
    for text in ["9223372036854775808", "18446744073709551616", "-1", "1.5", "1e3", "", "a"] {
      #expect(count(text) == nil, "\(text)")
    }
  }
}

@Suite struct FailureTests {
  @Test func sentencesAreWrittenWithoutHeap() {
    let failure = Failure(DNC_BAD_FORMAT, "n is \(-5), x is \(Float(0.5)), \(cString("a\u{1}b"))")
    #expect(failure.status == DNC_BAD_FORMAT)
    #expect(lastSentence() == "n is -5, x is 0.5, a?b")
    _ = failure.within("file", DNC_IO_ERROR)
    #expect(lastSentence() == "file: n is -5, x is 0.5, a?b")
  }
}
